"""A detector for drawn pictures: each red spot is a face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import Component, Detections, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component("detector", "spots", "tests.predict.spots_plugin:SpotsDetector", "Red spots"),
        Component("backbone", "small", "tests.builders:TinyBackbone", "Two convolutions"),
    ]


class SpotsDetector:
    """has_landmarks: five points on the diagonal, or none; runtime changes nothing."""

    version = "1"

    def __init__(self, has_landmarks: bool = True, runtime: Literal["torch", "onnx"] = "torch") -> None:
        self.runtime = runtime
        self.has_landmarks = has_landmarks
        self.batches: list[int] = []

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        self.batches.append(len(images))
        return [self._find(image) for image in images]

    def _find(self, image: NDArray[np.uint8]) -> Detections:
        is_red = (image[..., 0] > 150) & (image[..., 1] < 110) & (image[..., 2] < 110)
        _, _, stats, _ = cv2.connectedComponentsWithStats(is_red.astype(np.uint8))
        large = sorted(tuple(one[:4]) for one in stats[1:].tolist() if one[4] > 30)
        boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in large], np.float32).reshape(-1, 4)
        landmarks = np.full((len(boxes), 5, 2), np.nan, np.float32)
        if self.has_landmarks:
            shares = np.linspace(0.1, 0.9, 5, dtype=np.float32)[None, :, None]
            landmarks = boxes[:, None, :2] + shares * (boxes[:, 2:] - boxes[:, :2])[:, None]
        return Detections(boxes, np.full(len(boxes), 0.9, np.float32), landmarks)


__all__ = ["SpotsDetector", "ferkit_components"]
