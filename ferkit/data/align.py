"""Align faces: a similarity transform moves five landmarks to fixed points of the crop."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit.data.options import FaceOptions

TEMPLATES = {
    "arcface": (
        (38.2946 / 112, 51.6963 / 112),
        (73.5318 / 112, 51.5014 / 112),
        (56.0252 / 112, 71.7366 / 112),
        (41.5493 / 112, 92.3655 / 112),
        (70.7299 / 112, 92.2041 / 112),
    )
}
"""Points (x, y) in fractions of the crop's side. "arcface": the 112-pixel template of InsightFace."""
LARGEST = 2
"""Maximum side of a crop, relative to the longer side of its image."""
OPENCV_SIDE = 32766
"""Longest side of an image that OpenCV can warp, in pixels."""


def template_points(options: FaceOptions) -> NDArray[np.float64]:
    """Return the (5, 2) points of the landmarks in the crop, in fractions of its side, with padding."""
    named = options.template
    points = np.asarray(TEMPLATES[named] if isinstance(named, str) else named, dtype=np.float64)
    return (points + options.padding) / (1 + 2 * options.padding)


def fit_similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64] | None:
    """Fit the similarity transform that moves points to other points, by least squares.

    Rotation, uniform scale and translation, never a reflection: x' = ax - by + s, y' = bx + ay + t. The
    squared distances are linear in a, b, s and t, so the solution is that of Umeyama (1991), equations 40
    to 42, for a proper rotation.

    Args:
        source: (N, 2) points x y.
        target: (N, 2) points x y.

    Returns:
        (2, 3) matrix. None if a coordinate is not finite, or the points have no scale or direction.
    """
    if not (np.isfinite(source).all() and np.isfinite(target).all()):
        return None
    center = source.mean(axis=0)
    x, y = (source.astype(np.float64) - center).T
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([np.stack([x, -y, one, zero], axis=1), np.stack([y, x, zero, one], axis=1)])
    (a, b, s, t), *_ = np.linalg.lstsq(rows, target.T.reshape(-1), rcond=None)
    linear = np.array([[a, -b], [b, a]])
    extent, wanted = (np.ptp(points, axis=0).max() for points in (source, target))
    is_degenerate = np.hypot(a, b) * extent < 1e-3 * wanted or wanted < 1e-9 * np.abs(target).max()
    return None if is_degenerate else np.column_stack([linear, np.array([s, t]) - linear @ center])


def align_face(
    image: NDArray[np.uint8], landmarks: NDArray[np.float32], options: FaceOptions
) -> NDArray[np.uint8] | None:
    """Crop a face by the similarity transform of its landmarks to the template.

    The crop is sampled at the image's own scale, then shrunk by area, which avoids aliasing. Pixels outside
    the image are black.

    Args:
        image: (H, W, 3) uint8 RGB.
        landmarks: (5, 2) x y in pixels.
        options: Template, size and padding.

    Returns:
        (side, side, 3) uint8. None if the landmarks are unknown, or do not determine a transform.
    """
    unit = fit_similarity(landmarks, template_points(options))
    if unit is None:
        return None
    natural = round(min(1 / np.hypot(unit[0, 0], unit[1, 0]), LARGEST * max(image.shape[:2])))
    side = options.size or max(1, natural)
    sampled = max(side, natural)
    found = _region(image, sampled * unit, sampled)
    if found is None or sampled > OPENCV_SIDE:
        return None
    region, moved = found
    # As for boxes, 0 is the edge of the first pixel. For OpenCV it is the pixel's center.
    moved[:, 2] += moved[:, :2].sum(axis=1) / 2 - 0.5
    crop = cv2.warpAffine(region, moved, (sampled, sampled), flags=cv2.INTER_LINEAR)
    if sampled > side:
        crop = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, dtype=np.uint8)


def _region(
    image: NDArray[np.uint8], moved: NDArray[np.float64], side: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]] | None:
    """Return the part of the image that the crop shows, and its transform. None if there is no such part."""
    back = cv2.invertAffineTransform(moved)
    corners = np.array([(0, 0), (side, 0), (0, side), (side, side)]) @ back[:, :2].T + back[:, 2]
    limits = image.shape[1], image.shape[0]
    low = np.clip(np.floor(corners.min(axis=0)) - 2, 0, limits).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 2, 0, limits).astype(int)
    if (high <= low).any() or (high - low).max() > OPENCV_SIDE:
        return None
    shifted = moved.copy()
    shifted[:, 2] += moved[:, :2] @ low
    return image[low[1] : high[1], low[0] : high[0]], shifted
