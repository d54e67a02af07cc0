"""Scaling of an image to the square input of a network."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Placement of an image in the input of a network.

    Attributes:
        scale: (2,) float64, pixels of the input per pixel of the image, horizontal and vertical.
        offset: (2,) int64, `x y` of the image's top left corner in the input.
    """

    scale: NDArray[np.float64]
    offset: NDArray[np.int64]

    def to_image(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map boxes (N, 4) `x0 y0 x1 y1` from the input to the image."""
        return (boxes - np.tile(self.offset, 2)) / np.tile(self.scale, 2)


def letterbox(image: NDArray[np.uint8], side: int) -> tuple[NDArray[np.float32], Letterbox]:
    """Scale an image (H, W, 3) to a square with black borders, as MediaPipe does.

    Returns:
        (side, side, 3) float32 from -1 to 1, and the placement.
    """
    size = np.array([image.shape[1], image.shape[0]])
    scaled = np.maximum(np.round(size * (side / size.max())), 1).astype(np.int64)
    # Averages, if the image shrinks: MediaPipe's bilinear samples miss pixels of large images.
    method = cv2.INTER_AREA if (scaled < size).any() else cv2.INTER_LINEAR
    small = cv2.resize(image, scaled.tolist(), interpolation=method)
    x, y = offset = (side - scaled) // 2
    square = np.full((side, side, 3), -1, np.float32)
    square[y : y + scaled[1], x : x + scaled[0]] = small * np.float32(2 / 255) - 1
    return square, Letterbox(scaled / size, offset)
