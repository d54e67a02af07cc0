"""Read image files as RGB arrays."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ferkit.errors import DataError
from ferkit.runtime.disk_cache import file_sha256


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read an image file, rotated by its EXIF orientation.

    16-bit grey is scaled to 8 bits. Transparent pixels become white. CMYK is converted.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        DataError: The file is missing, truncated, not an image, or larger than Pillow's limit.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                image.load()
                return np.array(as_rgb(ImageOps.exif_transpose(image)))
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{path}: it is no image, or in a format that Pillow can't read") from error
    except Exception as error:
        raise DataError(f"{path}: it can't be read as an image: {error}") from error


def as_rgb(image: Image.Image) -> Image.Image:
    """Convert an image of any mode to RGB. Transparent pixels become white."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_to_8_bits(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        upper = image.convert("RGBA")
        white = Image.new("RGBA", upper.size, "white")
        return Image.alpha_composite(white, upper).convert("RGB")
    return image.convert("RGB")


def _to_8_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Keep the upper 8 of 16 bits. Values up to 255 stay unchanged."""
    numbers = values.astype(np.float64)
    scale = 257.0 if numbers.max(initial=0) > 255 else 1.0
    return np.clip(np.round(numbers / scale), 0, 255).astype(np.uint8)


def image_sha256(path: Path) -> str:
    """Return the hash of an image file. Raises DataError if the file is unreadable."""
    try:
        return file_sha256(path)
    except OSError as error:
        raise DataError(f"{path}: it can't be read: {error.strerror}") from error
