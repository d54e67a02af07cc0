"""Thumbnails of the images with a doubtful label, for the page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit.audit.labels.of_run import DoubtfulLabel
from ferkit.data.crops import crop_box
from ferkit.data.images import image_sha256, read_image
from ferkit.errors import DataError
from ferkit.evaluation.run_files import ImageRecord, read_images

SIDE = 160
"""Longer side of a thumbnail, in pixels."""
MARGIN = 0.2
"""Margin around a face box, as a fraction of its longer side, so that the whole expression is visible."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A thumbnail, or the reason why there is none.

    Attributes:
        source: A data URI; "" if the image cannot be shown.
        reason: Why it cannot be shown; "" if it can.
    """

    source: str = ""
    reason: str = ""


def make_thumbnails(run_dir: Path, doubtful: Sequence[DoubtfulLabel]) -> list[Thumbnail]:
    """Show each face at the box that the run recorded, or the whole image without a box. Raises RunError."""
    known = {(one.path, one.label): one for one in read_images(run_dir)}
    return [_make(known[one.path, one.label]) for one in doubtful]


def _make(image: ImageRecord) -> Thumbnail:
    path = Path(image.path)
    try:
        if image_sha256(path) != image.sha256:
            return Thumbnail(reason="the file has changed since the run")
        pixels = read_image(path)
    except DataError as error:
        return Thumbnail(reason=str(error).removeprefix(f"{path}: "))
    try:
        box = np.array(image.box.split(), dtype=np.float32)
    except ValueError:
        return Thumbnail(reason="its box in manifest.csv is damaged")
    return Thumbnail(_encode(crop_box(pixels, box, MARGIN) if len(box) == 4 else pixels))


def _encode(image: NDArray[np.uint8]) -> str:
    scale = SIDE / max(image.shape[:2])
    size = [max(1, round(scale * side)) for side in image.shape[1::-1]]
    smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(smaller, cv2.COLOR_RGB2BGR))
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"
