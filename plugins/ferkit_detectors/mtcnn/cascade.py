"""The cascade of three networks, with the steps of facenet-pytorch.

K. Zhang, Z. Zhang, Z. Li, Y. Qiao, "Joint face detection and alignment using multitask cascaded convolutional
networks", IEEE Signal Processing Letters 23, 2016.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ferkit_detectors.mtcnn.area import resize_boxes
from ferkit_detectors.mtcnn.boxes import Candidates, make_square, shift, suppress, suppress_nested, to_pixels
from ferkit_detectors.mtcnn.proposals import OVERLAP, propose, pyramid
from ferkit_detectors.mtcnn.runtime import Array, CropNetwork, Runtime

VERSION = 3
"""Increase it with every change that may change detections."""


@dataclass(frozen=True, slots=True)
class Cascade:
    """The cascade as a function of images.

    Attributes:
        runtime: The runtime of the networks.
        min_face_size: Minimum side of a face in pixels.
        thresholds: Thresholds of the three networks, from 0 to 1.
        factor: Factor between the scales of the image pyramid.
    """

    runtime: Runtime
    min_face_size: int
    thresholds: tuple[float, float, float]
    factor: float

    def __call__(self, images: NDArray[np.uint8]) -> Candidates:
        """Detect the faces of RGB images (N, H, W, 3), N at least 1; values: landmarks (M, 5, 2)."""
        scales = pyramid(images.shape[1:3], self.min_face_size, self.factor)
        if not scales:
            return Candidates.none(5, 2)
        with self.runtime.inference():
            sums = self.runtime.summed_area(images)
            proposals = propose(self.runtime, sums, scales, self.thresholds[0])
            return self._output(self._refine(proposals, sums), sums)

    def _refine(self, proposals: Candidates, sums: Array) -> Candidates:
        """Run the second stage, which keeps fewer squares."""
        xp = self.runtime.xp
        judged = self._judge(self.runtime.rnet, proposals, sums, 24, self.thresholds[1])
        kept = suppress(self.runtime, judged, judged.images, OVERLAP)
        return replace(kept, boxes=make_square(xp, shift(xp, kept.boxes, kept.values, extra=1)))

    def _output(self, squares: Candidates, sums: Array) -> Candidates:
        """Run the third stage."""
        judged = self._judge(self.runtime.onet, squares, sums, 48, self.thresholds[2])
        return suppress_nested(to_faces(judged.in_numpy(self.runtime)), OVERLAP)

    def _judge(
        self, network: CropNetwork, candidates: Candidates, sums: Array, side: int, threshold: float
    ) -> Candidates:
        """Return the candidates with a score above the threshold, with the network's scores and values."""
        candidates, pixels = inside(self.runtime, candidates, sums)
        scores, values = judge(self.runtime, network, candidates.images, pixels, sums, side)
        return replace(candidates, scores=scores, values=values)[scores > threshold]


def inside(runtime: Runtime, candidates: Candidates, sums: Array) -> tuple[Candidates, Array]:
    """Return the candidates with a part inside the image, and that part in whole pixels (M, 4)."""
    pixels = to_pixels(runtime, candidates.boxes, (sums.shape[1] - 1, sums.shape[2] - 1))
    is_inside = runtime.xp.all(pixels[:, 2:] > pixels[:, :2], axis=1)
    return candidates[is_inside], pixels[is_inside]


def judge(
    runtime: Runtime, network: CropNetwork, images: Array, pixels: Array, sums: Array, side: int
) -> tuple[Array, Array]:
    """Return the network's scores (M,) and values (M, V).

    Args:
        runtime: The runtime of the arrays.
        network: R-Net or O-Net.
        images: (M,) int64, the image of each box.
        pixels: (M, 4) int64, x0 y0 x1 y1, inside the image.
        sums: Summed areas of the images.
        side: Side of the resized crops in pixels.
    """
    xp, device = runtime.xp, runtime.device
    scores = [xp.zeros(0, dtype=xp.float32, device=device)]
    values = [xp.zeros((0, network.values), dtype=xp.float32, device=device)]
    for first in range(0, len(pixels), runtime.chunk):
        count = min(runtime.chunk, len(pixels) - first)
        # Repeat the last box up to a multiple of the step.
        places = xp.arange(first, first + count + -count % runtime.step, device=device)
        places = xp.clip(places, None, len(pixels) - 1)
        answer = network(resize_boxes(runtime, sums, images[places], pixels[places], side))
        scores.append(answer[0][:count])
        values.append(answer[1][:count])
    return xp.concat(scores), xp.concat(values)


def to_faces(squares: Candidates) -> Candidates:
    """Return boxes and landmarks (M, 5, 2), in numpy. O-Net's values are relative to the squares."""
    offsets, points = squares.values[:, :4], squares.values[:, 4:].reshape(-1, 2, 5).swapaxes(1, 2)
    corners = squares.boxes[:, None, :2]
    landmarks = points * (squares.boxes[:, None, 2:] - corners + 1) + corners - 1
    return replace(squares, boxes=shift(np, squares.boxes, offsets, extra=1), values=landmarks)
