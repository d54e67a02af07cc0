"""Change an image, or the box of its face."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit.assess.shift.kinds import KINDS
from ferkit.data.crops import crop_box
from ferkit.data.options import FaceOptions
from ferkit.errors import DataError
from ferkit.interfaces import Detections
from ferkit.messages import suggest

Image = NDArray[np.uint8]
GREY = 128
"""Value of the rectangle that hides a part of the face."""
SURROUNDINGS = 0.5
"""What `cut_face` keeps on each side of the crop, as a fraction of the box's longer side."""


def apply(
    name: str, level: float | None, image: Image, found: Detections, rng: np.random.Generator
) -> tuple[Image, Detections]:
    """Change an image, or the box of its face.

    Args:
        name: A kind of KINDS.
        level: Strength, in the kind's unit. None changes nothing.
        image: (H, W, 3) uint8 RGB. It is not modified.
        found: The face, with its box in pixels of the image. Only the first face is used.
        rng: Generator for noise, the place of the rectangle and the direction of a displacement. The same
            state at several levels gives the same noise, place and direction.

    Returns:
        The changed image and the face in it. Unchanged ones are the given objects.

    Raises:
        DataError: There is no such kind or level, the image is no RGB image, or there is no face.

    Example:
        >>> darker, _ = apply("dark", 0.5, image, found, np.random.default_rng(0))
    """
    if name not in KINDS:
        raise DataError(f"Cannot change an image by {name!r}: there is no such kind. {suggest(name, KINDS)}")
    if level is None:
        return image, found
    _check(name, level, image, found)
    if name in BOXES:
        return image, BOXES[name](found, level, rng)
    return PIXELS[name](image, found.boxes[0], level, rng), found


def _check(name: str, level: float, image: Image, found: Detections) -> None:
    kind = KINDS[name]
    what = f"Cannot change an image by {name!r}"
    if not 0 < level <= kind.most or not np.isfinite(level):
        most = "" if np.isinf(kind.most) else f", at most {kind.most:g}"
        raise DataError(f"{what}: expected a level above 0{most} ({kind.unit}), got {level!r}.")
    if image.ndim != 3 or image.shape[2] != 3 or not image.size or image.dtype != np.uint8:
        raise DataError(f"{what}: expected (H, W, 3) uint8, got {image.shape} {image.dtype}.")
    if not len(found.boxes):
        raise DataError(f"{what}: expected a face, got none.")


def cut_face(image: Image, found: Detections, options: FaceOptions) -> tuple[Image, Detections]:
    """Cut out the first face with its surroundings. Changes are then computed for few pixels.

    Args:
        image: (H, W, 3) uint8 RGB.
        found: The faces.
        options: Those of the crop, which is inside the result.
    """
    x0, y0, x1, y1 = (float(edge) for edge in found.boxes[0])
    margin = options.margin + 2 * (SURROUNDINGS + options.padding)
    extra = margin * max(x1 - x0, y1 - y0) / 2
    height, width = image.shape[:2]
    corner = np.clip(np.floor([x0 - extra, y0 - extra]), 0, [width - 1, height - 1]).astype(np.float32)
    boxes, landmarks = found.boxes[:1] - np.tile(corner, 2), found.landmarks[:1] - corner
    moved = Detections(boxes, found.scores[:1], landmarks)
    part = crop_box(image, found.boxes[0], margin)
    return part, moved


def face_side(box: NDArray[np.float32]) -> float:
    """Return the side of the square with the area of a box, in pixels; at least 1."""
    width, height = float(box[2] - box[0]), float(box[3] - box[1])
    return max(1.0, float(np.sqrt(max(width, 0) * max(height, 0))))


def _blur(image: Image, box: NDArray[np.float32], level: float, rng: np.random.Generator) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), level * face_side(box)), np.uint8)


def _add_noise(image: Image, box: NDArray[np.float32], level: float, rng: np.random.Generator) -> Image:
    """Add independent noise to each pixel and channel."""
    noise = rng.standard_normal(image.shape, np.float32)
    return np.clip(np.rint(image + level * noise), 0, 255).astype(np.uint8)


def _compress(image: Image, box: NDArray[np.float32], level: float, rng: np.random.Generator) -> Image:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, int(level)])
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)  # type: ignore[arg-type]


def _darken(image: Image, box: NDArray[np.float32], level: float, rng: np.random.Generator) -> Image:
    return np.asarray(cv2.convertScaleAbs(image, alpha=level), np.uint8)


def _shrink(image: Image, box: NDArray[np.float32], level: float, rng: np.random.Generator) -> Image:
    """Shrink the image until the face has this side, and enlarge it again. A smaller face stays as it is."""
    scale = level / face_side(box)
    if scale >= 1:
        return image
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(smaller, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _hide(image: Image, box: NDArray[np.float32], level: float, rng: np.random.Generator) -> Image:
    """Cover this fraction of the box, as far as it is in the image, by a rectangle of its shape."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = np.clip(box, 0, [width, height, width, height])
    wide, high = np.sqrt(level) * (x1 - x0), np.sqrt(level) * (y1 - y0)
    along, down = rng.random(2)
    left, top = round(x0 + along * (x1 - x0 - wide)), round(y0 + down * (y1 - y0 - high))
    hidden = image.copy()
    hidden[top : top + round(high), left : left + round(wide)] = GREY
    return hidden


def _remove_colour(image: Image, box: NDArray[np.float32], level: float, rng: np.random.Generator) -> Image:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


def _tighten(found: Detections, level: float, rng: np.random.Generator) -> Detections:
    return _move(found, 1 - level, np.zeros(2))


def _loosen(found: Detections, level: float, rng: np.random.Generator) -> Detections:
    return _move(found, 1 + level, np.zeros(2))


def _displace(found: Detections, level: float, rng: np.random.Generator) -> Detections:
    """Move the box in a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    return _move(found, 1, level * np.array([np.cos(angle), np.sin(angle)]))


def _move(found: Detections, scale: float, displacement: NDArray[np.float64]) -> Detections:
    """Scale the box about its center and displace it, in fractions of its sides.

    Landmarks move with the box, so that an aligned crop changes as a crop of the box does.
    """
    box = found.boxes[0].astype(np.float64)
    center, sides = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    target = center + displacement * sides
    corners, landmarks = (
        (scale * (points - center) + target).astype(np.float32)
        for points in (box.reshape(2, 2), found.landmarks[0].astype(np.float64))
    )
    return Detections(corners.reshape(1, 4), found.scores[:1], landmarks[None])


PIXELS: Mapping[str, Callable[[Image, NDArray[np.float32], float, np.random.Generator], Image]] = {
    "blur": _blur,
    "noise": _add_noise,
    "jpeg": _compress,
    "dark": _darken,
    "small": _shrink,
    "occlusion": _hide,
    "grey": _remove_colour,
}
BOXES: Mapping[str, Callable[[Detections, float, np.random.Generator], Detections]] = {
    "tighter": _tighten,
    "looser": _loosen,
    "off_center": _displace,
}
