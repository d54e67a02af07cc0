"""Images given from Python: paths, encoded files, PIL images and arrays."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ferkit.data.images import as_rgb, decode_image, read_image, rotate
from ferkit.errors import DataError
from ferkit.predict.media.frames import Frame
from ferkit.predict.media.sources import ImageSource

Given = str | Path | bytes | Image.Image | NDArray[np.uint8]
"""An image: a file's path, an encoded file, a PIL image, or an array (H, W, 3) uint8 RGB."""


def is_one_image(given: Given | Iterable[Given]) -> bool:
    """Return True for one image, False for several. An array of 4 dimensions is several images."""
    if isinstance(given, np.ndarray):
        return given.ndim != 4
    return isinstance(given, str | Path | bytes | Image.Image) or not isinstance(given, Iterable)


def list_images(given: Given | Iterable[Given]) -> Iterable[Given]:
    """Return the images that are given: one, or several."""
    return [cast(Given, given)] if is_one_image(given) else cast(Iterable[Given], given)


def as_frame(image: Given, number: int = 0, is_bgr: bool = False) -> Frame:
    """Read an image.

    Args:
        image: The image.
        number: Number of the image, from 0, for its name.
        is_bgr: The channels of an array are in the order BGR.

    Raises:
        DataError: It cannot be read. The message has the file's name, or the image's number.
    """
    if isinstance(image, str | Path):
        path = Path(os.path.expanduser(image))
        return Frame(ImageSource(path, Path(path.name)), read_image(path))
    name = Path(f"image {number}")
    return Frame(ImageSource(name, name), _pixels(image, name, is_bgr))


def _pixels(image: Any, name: Path, is_bgr: bool) -> NDArray[np.uint8]:
    try:
        if isinstance(image, bytes):
            return decode_image(image)
        if isinstance(image, Image.Image):
            return np.array(as_rgb(rotate(image)))
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    if not isinstance(image, np.ndarray):
        hint = ". cv2.imread returns None for a file that it cannot read" if image is None else ""
        raise DataError(
            f"{name}: expected a path, bytes of a file, a PIL image or an array, "
            f"got {type(image).__name__}{hint}"
        )
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        order = "a BGR" if is_bgr else "an RGB"
        raise DataError(
            f"{name}: expected {order} array of shape (H, W, 3), uint8, got {image.shape}, {image.dtype}"
        )
    return np.ascontiguousarray(image[..., ::-1]) if is_bgr else image
