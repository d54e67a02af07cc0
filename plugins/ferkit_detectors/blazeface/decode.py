"""Decoding of the outputs of a network: anchors, boxes and weighted non-maximum suppression."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

OVERLAP = 0.3
"""Boxes with a larger intersection over union are one face (MediaPipe's min_suppression_threshold)."""
LARGEST_LOGIT = 80.0
"""Logits are clipped, so that the exponential function cannot overflow in float32."""

Boxes = NDArray[np.float64]


def anchor_centres(side: int, per_cell: Mapping[int, int]) -> NDArray[np.float64]:
    """Return the centres (A, 2) `x y` of the anchors in pixels of the input.

    Args:
        side: Width and height of the input.
        per_cell: Number of anchors in each cell of a layer, by the stride of the layer in pixels.
    """
    layers = []
    for stride, count in per_cell.items():
        centres = (np.arange(side // stride) + 0.5) * stride
        y, x = np.meshgrid(centres, centres, indexing="ij")
        layers.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), count, axis=0))
    return np.concatenate(layers)


def decode(
    logits: NDArray[np.float32], values: NDArray[np.float32], anchors: NDArray[np.float64], threshold: float
) -> tuple[Boxes, NDArray[np.float64]]:
    """Return the boxes and scores of the faces in one image, best first.

    Args:
        logits: (A, 1) logits of a face at each anchor.
        values: (A, 16) centre relative to the anchor, width, height, and 6 keypoints, in pixels.
        anchors: (A, 2) centres of the anchors in pixels.
        threshold: Minimum score of a face, from 0 to 1.

    Returns:
        (N, 4) boxes `x0 y0 x1 y1` in pixels of the input, and (N,) scores from 0 to 1.
    """
    scores = 1 / (1 + np.exp(-logits[:, 0].clip(-LARGEST_LOGIT, LARGEST_LOGIT).astype(np.float64)))
    known = np.isfinite(values[:, :4]).all(axis=1) & (values[:, 2:4] > 0).all(axis=1)
    chosen = np.flatnonzero((scores >= threshold) & known)
    centres, sizes = anchors[chosen] + values[chosen, :2], values[chosen, 2:4]
    return merge(np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1), scores[chosen])


def merge(boxes: Boxes, scores: NDArray[np.float64]) -> tuple[Boxes, NDArray[np.float64]]:
    """Apply MediaPipe's weighted non-maximum suppression; return the faces with the best first.

    The best box and all boxes that overlap it become one: their mean, weighted by their scores. Its score is
    that of the best box.
    """
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    merged, best = [], []
    while len(boxes):
        same = overlaps(boxes[0], boxes) > OVERLAP
        same[0] = True
        merged.append(np.average(boxes[same], axis=0, weights=scores[same]))
        best.append(scores[0])
        boxes, scores = boxes[~same], scores[~same]
    return np.array(merged).reshape(-1, 4), np.array(best)


def overlaps(box: Boxes, boxes: Boxes) -> NDArray[np.float64]:
    """Return the intersection over union (N,) of a box (4,) with boxes (N, 4)."""
    first, last = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = (last - first).clip(0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    ratios: NDArray[np.float64] = shared / ((box[2:] - box[:2]).prod() + areas - shared)
    return ratios
