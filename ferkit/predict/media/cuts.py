"""Find hard cuts between the frames of a video."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (64, 36)
"""Width and height of the compared frames, in pixels."""
CERTAIN, POSSIBLE = 15.0, 8.0
"""Minimum content difference at a certain and at a possible cut, in levels of 0..255."""
RATIO = 2.0
"""Minimum ratio of the content difference to the mean of the differences before."""
WINDOW = 4
"""Number of differences before, of the same shot."""
ALIKE, SAME = 0.65, 0.93
"""Correlation below which a cut is certain, and above which it is not possible."""
SHIFT = 0.2
"""Largest shift between compared frames, as a fraction of each side."""
CONTRAST = 6.0
"""Minimum standard deviation of a frame that shows anything, in grey levels."""
GREY = 10.0
"""Mean saturation below which a frame has no colour, in levels of 0..255."""


class Cut(Enum):
    """Result of comparing a frame with the frame before it.

    Attributes:
        NONE: Both show the same shot.
        POSSIBLE: The frame differs more than its predecessors. It may be another shot of the same place.
        CERTAIN: The frame begins another shot.
    """

    NONE = "none"
    POSSIBLE = "possible"
    CERTAIN = "certain"


@dataclass(frozen=True, slots=True)
class _Small:
    """A small frame.

    Attributes:
        shape: Height and width of the frame, in pixels.
        hsv: (36, 64, 3) float32, 0..255; hue 0..179.
        grey: (36, 64) uint8.
    """

    shape: tuple[int, int]
    hsv: NDArray[np.float32]
    grey: NDArray[np.uint8]


class CutDetector:
    """Compare the consecutive frames of one video. It looks at no later frame, so live video has no delay.

    The measure is the content difference of PySceneDetect's AdaptiveDetector: the mean absolute difference
    of hue, saturation and value. It must exceed a threshold, and twice the mean of the four differences
    before. Flashes and pans may exceed both. They are recognised by a high correlation of the grey frames
    (normalised cross-correlation at the best shift), which does not depend on brightness. A black or white
    frame is not compared: the next frame is compared with the one before it.

    Source: Castellano, PySceneDetect, https://www.scenedetect.com (ContentDetector and AdaptiveDetector).
    """

    def __init__(self) -> None:
        self._last: _Small | None = None
        self._is_after_blank = False
        self._recent: deque[float] = deque(maxlen=WINDOW)

    def __call__(self, image: NDArray[np.uint8]) -> Cut:
        """Compare a frame, (H, W, 3) uint8 RGB, with the frame before. The first frame is no cut."""
        now, last = _shrink(image), self._last
        if last is not None and now.shape == last.shape and now.grey.std() < CONTRAST:
            self._is_after_blank = True
            return Cut.NONE
        found = Cut.NONE if last is None else self._compare(last, now)
        self._last, self._is_after_blank = now, False
        return found

    def _compare(self, last: _Small, now: _Small) -> Cut:
        found, difference = Cut.CERTAIN, 0.0
        if last.shape == now.shape:
            difference = _content_difference(last, now)
            is_spike = difference >= RATIO * (np.mean(self._recent) if self._recent else 0.0)
            found = self._judge(last, now, difference if is_spike else 0.0)
        if found is Cut.CERTAIN:
            self._recent.clear()
        else:
            self._recent.append(difference)
        return found

    def _judge(self, last: _Small, now: _Small, difference: float) -> Cut:
        """Judge two frames by their difference, and by their correlation where that is needed."""
        if difference < POSSIBLE and not self._is_after_blank:
            return Cut.NONE
        likeness = _correlation(last.grey, now.grey)
        if likeness < ALIKE and (difference >= CERTAIN or self._is_after_blank):
            return Cut.CERTAIN
        return Cut.POSSIBLE if likeness < SAME else Cut.NONE


def _shrink(image: NDArray[np.uint8]) -> _Small:
    small = cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV).astype(np.float32)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    return _Small((image.shape[0], image.shape[1]), hsv, grey)


def _content_difference(one: _Small, other: _Small) -> float:
    """Return the mean absolute difference of hue, saturation and value; of value alone in grey frames."""
    hue, saturation, value = np.abs(one.hsv - other.hsv).mean(axis=(0, 1)).tolist()
    is_grey = max(one.hsv[..., 1].mean(), other.hsv[..., 1].mean()) < GREY
    return float(value if is_grey else (hue + saturation + value) / 3)


def _correlation(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the highest correlation, -1..1, of the centre of a frame with a place in the other."""
    width, height = (round(SHIFT * side) for side in SIZE)
    centre = np.ascontiguousarray(other[height:-height, width:-width])
    if centre.std() < 1:  # OpenCV reports the correlation of a constant image as 1
        return 0.0
    return float(cv2.matchTemplate(one, centre, cv2.TM_CCOEFF_NORMED).max())
