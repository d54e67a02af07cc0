"""Find faces in images of any size with a detector component."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ferkit.components.build import build, on_device, on_runtime
from ferkit.components.contract import AgreedDetector, gives_landmarks
from ferkit.components.options import check_options
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.errors import RunError
from ferkit.interfaces import Detections

LONGER_SIDE = 2048
"""Maximum image side for detection, in pixels. Larger images are downscaled; crops use the original."""
SHORT, TABLE = "mtcnn:min_face_size=40", '{name="mtcnn", min_face_size=40}'


class FaceFinder:
    """A detector for batches of images of different sizes.

    Args:
        registry: The available components.
        part: Name and options of the detector.
        device: Passed to the detector if it has this option. "auto" keeps the detector's default.
        runtime: Passed to the detector if it has this option. None keeps the detector's default.

    Attributes:
        has_landmarks: False if the detector says that it gives no landmarks.

    Raises:
        ComponentError: There is no such detector.
        RunError: The detector's options are invalid.
    """

    def __init__(self, registry: Registry, part: Part, device: str, runtime: str | None = None) -> None:
        component = registry.get("detector", part.name)
        if problems := check_options(component, part.options, registry, "detector"):
            raise RunError("\n".join(str(problem) for problem in problems))
        placed = part if device == "auto" else on_device(registry, "detector", part, device)
        placed = placed if runtime is None else on_runtime(registry, "detector", placed, runtime)
        self.detector = AgreedDetector(build(registry, "detector", placed), component)
        self.has_landmarks = gives_landmarks(component.load())

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Find the faces of each (H, W, 3) uint8 RGB image, in pixels of that image."""
        seen = [_shrink(image) for image in images]
        found = self.detector([image for image, _ in seen])
        return [_enlarge(one, scale) for one, (_, scale) in zip(found, seen, strict=True)]


def _shrink(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Return the image for the detector, and the scales of its width and height.

    The two scales differ by rounding. In a very long image the shorter side keeps at least one pixel.
    """
    height, width = image.shape[:2]
    longer = max(height, width)
    if longer <= LONGER_SIDE:
        return image, (1.0, 1.0)
    wide, high = (max(1, round(side * LONGER_SIDE / longer)) for side in (width, height))
    smaller = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, dtype=np.uint8), (wide / width, high / height)


def _enlarge(found: Detections, scale: tuple[float, float]) -> Detections:
    if scale == (1, 1):
        return found
    scales = np.array([*scale, *scale], np.float32)
    return Detections(found.boxes / scales, found.scores, found.landmarks / scales[:2])


def read_part(text: str) -> Part:
    """Read a detector: `mtcnn`, `mtcnn:min_face_size=40,factor=0.8` or an inline TOML table.

    Values are TOML, or text without quotes.

    Raises:
        RunError: The text has another form.
    """
    if not isinstance(text, str):
        raise RunError(f"detector: expected its name or a string with a table, got {type(text).__name__}")
    is_table = text.lstrip().startswith("{")
    try:
        table = tomllib.loads(f"detector = {text}")["detector"] if is_table else _read_short(text)
        return Part(**table)
    except ValueError as error:
        reason = str(error)
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise RunError(
            f"Cannot read --detector {text!r}: {reason}. Expected a name, options as in {SHORT}, or a table "
            f"like {TABLE}."
        ) from error


def _read_short(text: str) -> dict[str, Any]:
    """Read NAME or NAME:KEY=VALUE,KEY=VALUE. Raises ValueError for another form."""
    name, _, options = text.partition(":")
    table: dict[str, Any] = {"name": name}
    for option in options.split(",") if options else ():
        key, is_pair, value = (part.strip() for part in option.partition("="))
        if not (key and is_pair and value) or key in table:
            raise ValueError(f"{option!r} is not a new option of the form KEY=VALUE")
        try:
            table[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            table[key] = value
    return table
