"""Wrong detectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import Detections
from tests.testing.wrong.case import fails
from tests.testing.wrong.right import RightDetector

Image = NDArray[np.uint8]


@fails("detector", "has_a_version")
class HasNoVersion(RightDetector):
    def __init__(self, share: float = 0.5) -> None:
        self.share = share


@fails(
    "detector",
    "answers_for_each_image",
    "gives_boxes_with_an_area",
    "keeps_the_order_of_images",
    "takes_grey_and_tiny_images",
)
class LeavesTheFirstOut(RightDetector):
    def __call__(self, images: Sequence[Image]) -> list[Detections]:
        return super().__call__(images[1:])


@fails("detector", "gives_arrays_as_agreed")
class GivesDoubles(RightDetector):
    def found(self, boxes: object, scores: object, landmarks: object) -> Detections:
        return Detections(*(np.asarray(one, dtype=float) for one in (boxes, scores, landmarks)))  # type: ignore[arg-type]


@fails("detector", "gives_arrays_as_agreed")
class HalfKnowsLandmarks(RightDetector):
    def found(self, boxes: object, scores: object, landmarks: object) -> Detections:
        marks = np.array(landmarks)
        marks[:, 0] = np.nan
        return super().found(boxes, scores, marks)


@fails("detector", "gives_boxes_with_an_area")
class GivesShares(RightDetector):
    def found(self, boxes: object, scores: object, landmarks: object) -> Detections:
        return super().found(np.asarray(boxes) / 200, scores, landmarks)


@fails("detector", "gives_boxes_with_an_area")
class GivesWidths(RightDetector):
    def found(self, boxes: object, scores: object, landmarks: object) -> Detections:
        edges = np.array(boxes)
        edges[:, 2:] = edges[:, :2] - edges[:, 2:]
        return super().found(edges, scores, landmarks)


@fails("detector", "gives_scores_from_0_to_1")
class GivesPercents(RightDetector):
    def found(self, boxes: object, scores: object, landmarks: object) -> Detections:
        return super().found(boxes, 100 * np.asarray(scores), landmarks)


@fails("detector", "keeps_the_order_of_images")
class SortsBySize(RightDetector):
    def __call__(self, images: Sequence[Image]) -> list[Detections]:
        return super().__call__(sorted(images, key=lambda image: image.size))


@fails("detector", "takes_grey_and_tiny_images")
class RefusesAPixel(RightDetector):
    def detect(self, image: Image) -> Detections:
        if min(image.shape[:2]) < 8:
            raise ValueError("too small")
        return super().detect(image)


@fails("detector", "leaves_images_alone")
class DrawsOnImages(RightDetector):
    def detect(self, image: Image) -> Detections:
        image[:2] = 0
        return super().detect(image)


@fails("detector", "detects_alike_each_time", "keeps_the_order_of_images")
class GrowsItsBoxes(RightDetector):
    def detect(self, image: Image) -> Detections:
        self.share *= 1.01
        return super().detect(image)
