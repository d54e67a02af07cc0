"""Non-maximum suppression in numpy with the results of torchvision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 128
"""Boxes compared with all following ones at once. It limits the memory for thousands of boxes."""


def suppress_by_numpy(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], groups: NDArray[np.int64], overlap: float
) -> NDArray[np.intp]:
    """Implement `Runtime.suppress` in numpy."""
    best_first = np.argsort(-scores, kind="stable")
    exact, its_group = boxes.astype(np.float64)[best_first], groups[best_first]
    is_kept = np.zeros(len(boxes), bool)
    for group in set(its_group.tolist()):
        (places,) = np.nonzero(its_group == group)
        is_kept[places[_suppress(exact[places], overlap)]] = True
    return best_first[is_kept]


def _suppress(boxes: NDArray[np.float64], overlap: float) -> NDArray[np.intp]:
    """Return the kept boxes of one group that is ordered best first."""
    remain, kept = np.arange(len(boxes)), []
    while len(remain):
        exceeds = _shared(boxes[remain[:BLOCK]], boxes[remain]) > overlap
        is_left = np.ones(len(remain), bool)
        for place, others in enumerate(exceeds):
            if is_left[place]:
                is_left[place + 1 :] &= ~others[place + 1 :]
        (left,) = np.nonzero(is_left)
        kept.append(remain[left[left < BLOCK]])
        remain = remain[left[left >= BLOCK]]
    return np.concatenate(kept)


def _shared(some: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return intersection over union of (B, 4) and (M, 4), (B, M); NaN for two boxes without an area."""
    wide, high = (
        np.minimum(some[:, None, axis + 2], boxes[:, axis + 2])
        - np.maximum(some[:, None, axis], boxes[:, axis])
        for axis in (0, 1)
    )
    both = wide.clip(0) * high.clip(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shared: NDArray[np.float64] = both / (_areas(some)[:, None] + _areas(boxes) - both)
    return shared


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return areas
