"""Operations on boxes between the networks, with facenet-pytorch's rounding rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ferkit_detectors.mtcnn.runtime import Array, Runtime


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """M candidate faces.

    Attributes:
        boxes: (M, 4) float32, x0 y0 x1 y1 in pixels.
        scores: (M,) float32, from 0 to 1.
        images: (M,) int64, index of the image in the batch.
        values: (M, ...) float32, other outputs of the last network.
    """

    boxes: Array
    scores: Array
    images: Array
    values: Array

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, chosen: Array) -> Candidates:
        return Candidates(self.boxes[chosen], self.scores[chosen], self.images[chosen], self.values[chosen])

    @classmethod
    def none(cls, *values: int) -> Candidates:
        """Return no candidates, as numpy arrays."""
        nothing = np.zeros(0, np.float32)
        boxes = nothing.reshape(0, 4)
        return cls(boxes, nothing, nothing.astype(np.int64), nothing.reshape(0, *values))

    @classmethod
    def joined(cls, xp: Any, parts: Iterable[Candidates]) -> Candidates:
        parts = list(parts)
        return cls(*(xp.concat([getattr(part, one.name) for part in parts]) for one in fields(cls)))

    def in_numpy(self, runtime: Runtime) -> Candidates:
        return Candidates(*(runtime.to_numpy(getattr(self, one.name)) for one in fields(self)))


def suppress(runtime: Runtime, candidates: Candidates, groups: Array, overlap: float) -> Candidates:
    """Apply non-maximum suppression by intersection over union within each group; the best come first."""
    return candidates[runtime.suppress(candidates.boxes, candidates.scores, groups, overlap)]


def suppress_nested(candidates: Candidates, overlap: float) -> Candidates:
    """Apply non-maximum suppression by intersection over the smaller area, within each image, in numpy.

    A box includes its last pixel.
    """
    best_first = np.argsort(-candidates.scores, kind="stable")
    boxes, images = candidates.boxes[best_first], candidates.images[best_first]
    areas = (boxes[:, 2:] - boxes[:, :2] + 1).prod(axis=1)
    kept, remain = [], np.arange(len(boxes))
    while len(remain):
        best, others = remain[0], remain[1:]
        kept.append(best)
        first = np.maximum(boxes[others, :2], boxes[best, :2])
        last = np.minimum(boxes[others, 2:], boxes[best, 2:])
        shared = (last - first + 1).clip(0).prod(axis=1) / np.minimum(areas[others], areas[best])
        remain = others[(shared <= overlap) | (images[others] != images[best])]
    return candidates[best_first[kept]]


def shift(xp: Any, boxes: Array, offsets: Array, extra: int) -> Array:
    """Move each edge by its offset, in widths or heights of the box plus `extra` pixels."""
    sizes = boxes[:, 2:] - boxes[:, :2] + extra
    return boxes + offsets * xp.tile(sizes, (1, 2))


def make_square(xp: Any, boxes: Array) -> Array:
    """Return squares with the same centres, as large as the longer side."""
    sizes = boxes[:, 2:] - boxes[:, :2]
    sides = xp.max(sizes, axis=1, keepdims=True)
    corners = boxes[:, :2] + sizes * 0.5 - sides * 0.5
    return xp.concat([corners, corners + sides], axis=1)


def to_pixels(runtime: Runtime, boxes: Array, size: tuple[int, int]) -> Array:
    """Clip boxes to an image of this height and width: int64, empty if x0 >= x1 or y0 >= y1.

    facenet-pytorch counts a box's first pixel from 1.
    """
    xp = runtime.xp
    corners = xp.astype(xp.trunc(boxes), xp.int64)
    first = xp.clip(corners[:, :2], 1, None) - 1
    last = xp.minimum(corners[:, 2:], xp.asarray([size[1], size[0]], device=runtime.device))
    return xp.concat([first, last], axis=1)
