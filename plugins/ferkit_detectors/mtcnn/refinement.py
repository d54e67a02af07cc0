"""R-Net and O-Net on the faces of another detector."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ferkit_detectors.mtcnn.boxes import Candidates, make_square, shift, suppress_nested
from ferkit_detectors.mtcnn.cascade import inside, judge, to_faces
from ferkit_detectors.mtcnn.proposals import OVERLAP
from ferkit_detectors.mtcnn.runtime import Array, CropNetwork, Runtime


@dataclass(frozen=True, slots=True)
class Refinement:
    """The last two stages of the cascade as a function of an image and faces.

    Attributes:
        runtime: The runtime of the networks.
        sure: Score from which a face is kept, whatever the networks' scores.
        acceptance: Minimum score of both networks for other faces.
    """

    runtime: Runtime
    sure: float
    acceptance: float

    def __call__(
        self, image: NDArray[np.uint8], boxes: NDArray[np.float64], scores: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return boxes (N, 4), the given scores (N,) and landmarks (N, 5, 2) of the faces, best first."""
        if not len(boxes):
            return boxes.astype(np.float32), scores.astype(np.float32), np.zeros((0, 5, 2), np.float32)
        xp, device = self.runtime.xp, self.runtime.device
        with self.runtime.inference():
            sums = self.runtime.summed_area(image[None])
            faces = Candidates(
                xp.asarray(boxes.astype(np.float32), device=device),
                xp.asarray(scores.astype(np.float32), device=device),
                xp.zeros(len(boxes), dtype=xp.int64, device=device),
                xp.zeros((len(boxes), 0), dtype=xp.float32, device=device),
            )
            judged = self._judge(self.runtime.rnet, faces, sums, 24)
            judged = replace(judged, boxes=shift(xp, judged.boxes, judged.values, extra=1))
            judged = self._judge(self.runtime.onet, judged, sums, 48)
            kept = suppress_nested(to_faces(judged.in_numpy(self.runtime)), OVERLAP)
        return kept.boxes, kept.scores, kept.values

    def _judge(self, network: CropNetwork, faces: Candidates, sums: Array, side: int) -> Candidates:
        """Return the squares of the faces that the network accepts, with its values."""
        squares = replace(faces, boxes=make_square(self.runtime.xp, faces.boxes))
        squares, pixels = inside(self.runtime, squares, sums)
        scores, values = judge(self.runtime, network, squares.images, pixels, sums, side)
        return replace(squares, values=values)[(scores > self.acceptance) | (squares.scores >= self.sure)]
