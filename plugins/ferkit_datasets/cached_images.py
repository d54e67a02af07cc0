"""Images that a data set has only as numbers or as boxes, made into files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PIL import Image

from ferkit.plugin import DataError, atomic_path, cache_dir

SIDE = 48
"""Pixels of FER2013's square images."""


def draw_pixels(text: str, number: int) -> Path:
    """The file of an image that is written as 2,304 grey values, 0..255; drawn unless it is there.

    Its name is FER+'s for the row, and tells the content, so that no two versions share a file.
    Raises ValueError where the text is something else, DataError where the file can't be written.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    path = cache_dir("fer2013") / f"fer{number:07}_{digest}.png"
    if not path.exists():
        write_png(path, Image.frombytes("L", (SIDE, SIDE), _grey_values(text)))
    return path


def _grey_values(text: str) -> bytes:
    cells = text.split()
    if len(cells) != SIDE**2:
        raise ValueError(f"expected {SIDE**2} pixels, {SIDE} by {SIDE}, found {len(cells)}")
    try:
        return bytes(map(int, cells))
    except ValueError as error:
        raise ValueError(f"expected pixels as whole numbers from 0 to 255 ({error})") from error


def write_png(path: Path, image: Image.Image) -> None:
    """Under another name first: a process that stops half-way leaves no half image. Raises DataError."""
    try:
        with atomic_path(path) as part:
            image.save(part, format="PNG", compress_level=1)
    except OSError as error:
        raise DataError(
            f"{path}: the image can't be written ({error}). Free some space, or point XDG_CACHE_HOME to a "
            "folder that can be written."
        ) from error
