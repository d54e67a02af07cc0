"""Preprocessing of faces in training, reports and prediction: resize, optional grey, normalise."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

MEAN_AND_DEVIATION = {
    "facenet": ((127.5, 127.5, 127.5), (128.0, 128.0, 128.0)),
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}


class Normalisation:
    """Normalisation of (side, side, 3) uint8 RGB to float32 of the same shape.

    Args:
        name: `model.normalize`.
        color: `model.color`. "grey" sets all channels to the luma (ITU-R BT.601), so that a network trained
            on grey images also accepts colour images.
    """

    def __init__(self, name: str, color: str = "rgb") -> None:
        self.mean, self.deviation = (
            np.asarray(values, dtype=np.float32) for values in MEAN_AND_DEVIATION[name]
        )
        self.is_grey = color == "grey"

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        normalised = (to_grey(image) if self.is_grey else image).astype(np.float32)
        normalised -= self.mean
        normalised /= self.deviation
        return normalised


def to_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert (H, W, 3) uint8 RGB to grey with three equal channels. Grey images stay unchanged."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def resize_square(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Resize (H, W, 3) uint8 to (side, side, 3). An image of this size is returned itself."""
    if image.shape[:2] == (side, side):
        return image
    how = cv2.INTER_AREA if min(image.shape[:2]) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (side, side), interpolation=how), dtype=np.uint8)
