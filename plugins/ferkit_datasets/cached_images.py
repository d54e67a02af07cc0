"""Image files for data sets that have their faces as numbers or boxes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PIL import Image

from ferkit.plugin import DataError, atomic_path, cache_dir

SIDE = 48
"""Pixels of FER2013's square images."""


def draw_pixels(text: str, number: int) -> Path:
    """Return the PNG file of an image given as 2,304 grey values from 0 to 255; write it if it is missing.

    The file name has FER+'s name of the row and a hash of the pixels: different versions are different files.

    Raises:
        ValueError: The text is not 2,304 grey values.
        DataError: The file cannot be written.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    path = cache_dir("fer2013") / f"fer{number:07}_{digest}.png"
    if not path.exists():
        write_png(path, Image.frombytes("L", (SIDE, SIDE), _grey_values(text)))
    return path


def _grey_values(text: str) -> bytes:
    cells = text.split()
    if len(cells) != SIDE**2:
        raise ValueError(f"expected {SIDE**2} pixels ({SIDE} by {SIDE}), got {len(cells)}")
    try:
        return bytes(map(int, cells))
    except ValueError as error:
        raise ValueError(f"expected pixels as whole numbers from 0 to 255: {error}") from error


def write_png(path: Path, image: Image.Image) -> None:
    """Write a PNG file atomically. Raises DataError."""
    try:
        with atomic_path(path) as part:
            image.save(part, format="PNG", compress_level=1)
    except OSError as error:
        raise DataError(
            f"Cannot write {path}: {error}. Free disk space, or set XDG_CACHE_HOME to a writable folder."
        ) from error
