"""The detector for images that are faces already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import Detections


class WholeImageDetector:
    """One face for each image: its box is the whole image, its score 1, its landmarks NaN."""

    version = "1"
    has_landmarks = False

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        return [self._whole(image.shape[0], image.shape[1]) for image in images]

    @staticmethod
    def _whole(height: int, width: int) -> Detections:
        box = np.array([[0, 0, width, height]], np.float32)
        return Detections(box, np.ones(1, np.float32), np.full((1, 5, 2), np.nan, np.float32))
