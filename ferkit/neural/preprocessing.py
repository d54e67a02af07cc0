"""A face as a network is shown it: square, grey or not, normalised. The same in training, in reports and in
prediction."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

MEAN_AND_DEVIATION = {
    "facenet": ((127.5, 127.5, 127.5), (128.0, 128.0, 128.0)),
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}


class Normalisation:
    """(side, side, 3) uint8 RGB -> the same shape in float32.

    name: `model.normalize`; color: `model.color`. "grey" gives all three channels the luma (ITU-R BT.601), so
    that a colour image is what grey ones in training were.
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
    """(H, W, 3) uint8 RGB -> the same shape, its channels alike; one that is grey stays as it is."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def resize_square(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 -> (side, side, 3) uint8; the image itself where it is that already."""
    if image.shape[:2] == (side, side):
        return image
    how = cv2.INTER_AREA if min(image.shape[:2]) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (side, side), interpolation=how), dtype=np.uint8)
