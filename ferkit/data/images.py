"""Read image files as RGB arrays."""

from __future__ import annotations

import importlib.util
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from ferkit.errors import DataError
from ferkit.runtime.disk_cache import file_sha256
from ferkit.runtime.file_kinds import HEIF_SUFFIXES, describe_special

MOST_PIXELS = 400_000_000
"""Pixels of the largest image that is read: twice a phone's 200 megapixels, 1.2 GB decoded."""
LIMIT = "FERKIT_MAX_PIXELS"
"""The environment variable that sets another limit."""
ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> the operation that makes an image upright (CIPA DC-008, 4.6.5.1.6)."""
PROGRAMS = ("EPS", "WMF")
"""Formats for which Pillow starts an interpreter: Ghostscript, or that of Windows."""
_pillow = threading.Lock()


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read an image file, rotated by its EXIF orientation. Of an animation, the first frame is read.

    16-bit grey is scaled to 8 bits, floats in 0..1 to 0..255. Transparent pixels become white. CMYK is
    converted.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        DataError: The file is missing, not a regular file, truncated or not an image. Or it has more pixels
            than `FERKIT_MAX_PIXELS` (400 million by default) or values of an unknown scale.
    """
    if special := describe_special(path):
        raise DataError(f"{path}: it is {special}, not a file")
    try:
        return decode_image(path)
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def decode_image(source: Path | bytes, formats: list[str] | None = None) -> NDArray[np.uint8]:
    """Read a file or an encoded image as `read_image` does. Raises DataError without a name.

    `formats` are the formats of Pillow that are allowed; None for all.
    """
    if isinstance(source, Path) and source.suffix.lower() in HEIF_SUFFIXES:
        register_heif()
    try:
        with open_image(source, formats) as image:
            check_size(image)
            if image.format in PROGRAMS:
                raise DataError(f"it is a file of {image.format}, which only another program can draw")
            image.load()
            return np.array(as_rgb(rotate(image)))
    except (FileNotFoundError, DataError):
        raise
    except UnidentifiedImageError as error:
        raise DataError("it is not an image, or in a format that Pillow can't read") from error
    except Exception as error:
        raise DataError(f"it can't be read as an image: {error}") from error


@contextmanager
def open_image(source: Path | bytes, formats: list[str] | None = None) -> Iterator[Image.Image]:
    """Open an image without Pillow's limit of pixels, which refuses images of phones.

    `check_size` replaces it.
    """
    with _quiet():
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            image = Image.open(BytesIO(source) if isinstance(source, bytes) else source, formats=formats)
        finally:
            Image.MAX_IMAGE_PIXELS = limit
    with image:
        yield image


@contextmanager
def _quiet() -> Iterator[None]:
    """Ignore Pillow's warnings, about damaged EXIF data for example. They are filters of the process."""
    with _pillow, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def check_size(image: Image.Image) -> None:
    """Raises DataError if an opened image has more pixels than `FERKIT_MAX_PIXELS`."""
    text = os.environ.get(LIMIT) or str(MOST_PIXELS)
    if not text.isdecimal():
        raise DataError(f"{LIMIT}: expected a number of pixels, got {text!r}")
    if image.width * image.height > int(text):
        raise DataError(
            f"it has {image.width} × {image.height} pixels, more than {text}. If you trust it, set {LIMIT}"
        )


def register_heif() -> None:
    """Let Pillow read HEIF images. Raises DataError if pillow-heif is missing."""
    if importlib.util.find_spec("pillow_heif") is None:
        raise DataError("it is a HEIF image, which needs pillow-heif: pip install 'ferkit[heif]'")
    from pillow_heif import register_heif_opener

    register_heif_opener()


def rotate(image: Image.Image) -> Image.Image:
    """Rotate an image by its EXIF orientation. An unknown one is ignored."""
    with _quiet():
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    method = ORIENTATIONS.get(orientation or 0)
    return image if method is None else image.transpose(method)


def as_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to RGB. Transparent pixels become white. Raises DataError."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_8_bits(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        upper = image.convert("RGBA")
        white = Image.new("RGBA", upper.size, "white")
        return Image.alpha_composite(white, upper).convert("RGB")
    return image.convert("RGB")


def _to_8_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale 0..1 (floats), 0..255 and 0..65535 (16 bits) to 0..255."""
    numbers = values.astype(np.float64)
    low, high = numbers.min(initial=0), numbers.max(initial=0)
    if not (low >= 0 and high <= 65535):
        raise DataError(
            f"its values are {low:g} to {high:g}; expected 0..1, 0..255 or 0..65535. Convert it to 8 bits"
        )
    is_fraction = values.dtype.kind == "f" and high <= 1
    scale = 1 / 255 if is_fraction else 257.0 if high > 255 else 1.0
    return np.round(numbers / scale).astype(np.uint8)


def image_sha256(path: Path) -> str:
    """Return the hash of an image file. Raises DataError if the file is unreadable."""
    if special := describe_special(path):
        raise DataError(f"{path}: it is {special}, not a file")
    try:
        return file_sha256(path)
    except OSError as error:
        raise DataError(f"{path}: it can't be read: {error.strerror}") from error
