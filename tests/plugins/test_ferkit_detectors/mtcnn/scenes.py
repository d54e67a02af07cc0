"""Images with a face in the public domain: scikit-image's astronaut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.data import astronaut

ASTRONAUT = astronaut()


def crowd() -> NDArray[np.uint8]:
    """Three faces of different sizes: copies of the astronaut side by side."""
    half, third = (np.asarray(Image.fromarray(ASTRONAUT).resize((side, side))) for side in (300, 200))
    canvas = np.full((512, 1012, 3), 200, dtype=np.uint8)
    canvas[:, :512] = ASTRONAUT
    canvas[:300, 512:812] = half
    canvas[:200, 812:] = third
    return canvas


def scaled(factor: float) -> NDArray[np.uint8]:
    side = round(512 * factor)
    return np.asarray(Image.fromarray(ASTRONAUT).resize((side, side), Image.Resampling.BICUBIC))


def rotated(degrees: float) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(ASTRONAUT).rotate(degrees, Image.Resampling.BICUBIC))


def cut() -> NDArray[np.uint8]:
    """Half the face, at the image's left and upper edge."""
    return np.ascontiguousarray(ASTRONAUT[70:300, 215:500])


def grey() -> NDArray[np.uint8]:
    return np.repeat(ASTRONAUT.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
