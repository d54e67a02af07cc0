"""Preprocessing of faces in training, reports and prediction: resize, optional grey, normalise."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit.errors import RunError
from ferkit.neural.options import Known, MeanAndStd, Normalize

MEAN_AND_DEVIATION = {
    "facenet": ((127.5, 127.5, 127.5), (128.0, 128.0, 128.0)),
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}
"""Of each channel of pixels from 0 to 255."""
FALLBACK: Known = "facenet"
"""Normalisation of a backbone that states none."""


class Normalisation:
    """Normalisation of (side, side, 3) uint8 RGB to float32 of the same shape.

    Args:
        normalize: `model.normalize`, settled by `settle_normalize` if it is "pretrained".
        color: `model.color`. "grey" sets all channels to the luma (ITU-R BT.601), so that a network trained
            on grey images also accepts colour images.

    Raises:
        RunError: `normalize` is "pretrained", so the values are unknown.
    """

    def __init__(self, normalize: Normalize, color: str = "rgb") -> None:
        self.mean, self.deviation = (
            np.asarray(values, dtype=np.float32) for values in mean_and_deviation(normalize)
        )
        self.is_grey = color == "grey"

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        normalised = (to_grey(image) if self.is_grey else image).astype(np.float32)
        normalised -= self.mean
        normalised /= self.deviation
        return normalised


def mean_and_deviation(normalize: Normalize) -> tuple[Sequence[float], Sequence[float]]:
    """Return mean and standard deviation of each channel (RGB) of pixels from 0 to 255. Raises RunError."""
    if isinstance(normalize, MeanAndStd):
        return [255 * one for one in normalize.mean], [255 * one for one in normalize.std]
    if normalize not in MEAN_AND_DEVIATION:
        raise RunError(
            f"Cannot normalise images: the mean and std of normalize = {normalize!r} are unknown without "
            "the network. Set model.normalize = { mean = [...], std = [...] }."
        )
    return MEAN_AND_DEVIATION[normalize]


def settle_normalize(normalize: Normalize, backbone: object) -> Known:
    """Return the normalisation with known values: that of the backbone's weights for "pretrained".

    Args:
        normalize: `model.normalize`.
        backbone: A `Backbone` whose `mean` and `std`, if any, fit the contract.
    """
    if normalize != "pretrained":
        return normalize
    mean, std = getattr(backbone, "mean", None), getattr(backbone, "std", None)
    return FALLBACK if mean is None or std is None else name_normalize(mean, std)


def name_normalize(mean: Sequence[float], std: Sequence[float]) -> Known:
    """Return the name of a mean and standard deviation (pixels 0..1), or a table if they have no name."""
    r, g, b = (float(one) for one in mean)
    x, y, z = (float(one) for one in std)
    table = MeanAndStd(mean=(r, g, b), std=(x, y, z))
    named: tuple[Known, ...] = ("facenet", "imagenet")
    return next((one for one in named if is_same_normalize(one, table)), table)


def is_same_normalize(one: Normalize, other: Normalize) -> bool:
    """Return True if two normalisations have the same float32 values. Raises RunError for "pretrained"."""
    return all(
        np.array_equal(np.asarray(a, np.float32), np.asarray(b, np.float32))
        for a, b in zip(mean_and_deviation(one), mean_and_deviation(other), strict=True)
    )


def describe_normalize(normalize: Normalize) -> str:
    """Return the normalisation as text: its name, or mean and std."""
    if not isinstance(normalize, MeanAndStd):
        return normalize
    mean, std = (", ".join(f"{one:.4g}" for one in values) for values in (normalize.mean, normalize.std))
    return f"mean {mean} and std {std}"


def to_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert (H, W, 3) uint8 RGB to grey with three equal channels. Grey images stay unchanged."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def resize_square(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Resize (H, W, 3) uint8 to (side, side, 3). An image of this size is returned itself."""
    if image.shape[:2] == (side, side):
        return image
    how = cv2.INTER_AREA if min(image.shape[:2]) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (side, side), interpolation=how), dtype=np.uint8)
