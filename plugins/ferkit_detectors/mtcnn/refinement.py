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
        acceptance: Minimum score of both networks, from 0 to 1.
    """

    runtime: Runtime
    acceptance: float

    def __call__(
        self,
        image: NDArray[np.uint8],
        boxes: NDArray[np.float64],
        scores: NDArray[np.float64],
        is_sure: NDArray[np.bool_],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Correct boxes.

        Args:
            image: (H, W, 3) uint8, RGB.
            boxes: (N, 4) `x0 y0 x1 y1` in pixels.
            scores: (N,) from 0 to 1.
            is_sure: (N,) Keep these faces whatever the networks' scores.

        Returns:
            Boxes (M, 4), their given scores (M,) and landmarks (M, 5, 2) of the kept faces, best first.
        """
        xp, device = self.runtime.xp, self.runtime.device
        with self.runtime.inference():
            sums = self.runtime.summed_area(image[None])
            faces = Candidates(
                xp.asarray(boxes.astype(np.float32), device=device),
                xp.asarray(scores.astype(np.float32), device=device),
                xp.zeros(len(boxes), dtype=xp.int64, device=device),
                xp.asarray(is_sure, device=device),
            )
            faces, values = self._judge(self.runtime.rnet, faces, sums, 24)
            faces = replace(faces, boxes=shift(xp, faces.boxes, values, extra=1))
            faces, values = self._judge(self.runtime.onet, faces, sums, 48)
            found = to_faces(replace(faces, values=values).in_numpy(self.runtime))
        first, last = found.boxes[:, :2], found.boxes[:, 2:]
        # The offsets of a face that the networks doubt are not limited.
        is_seen = (first < last) & (first < (image.shape[1], image.shape[0])) & (last > 0)
        kept = suppress_nested(found[is_seen.all(axis=1)], OVERLAP)
        return kept.boxes, kept.scores, kept.values

    def _judge(
        self, network: CropNetwork, faces: Candidates, sums: Array, side: int
    ) -> tuple[Candidates, Array]:
        """Return the squares of the kept faces, and the network's values for them."""
        squares = replace(faces, boxes=make_square(self.runtime.xp, faces.boxes))
        squares, pixels = inside(self.runtime, squares, sums)
        scores, values = judge(self.runtime, network, squares.images, pixels, sums, side)
        is_kept = (scores > self.acceptance) | squares.values
        return squares[is_kept], values[is_kept]
