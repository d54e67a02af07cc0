"""Durations of frames of cameras and streams, which are known once the next frame is there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from statistics import median

from ferkit.predict.media.frames import Frame

RECENT = 255
"""Number of durations for the estimate of the last one."""
Settle = Callable[[float], None]
"""Takes the duration of a frame, in seconds."""


class LiveDurations:
    """Gives each live frame the time until the next frame of its source.

    A camera reports a nominal rate only, and frames are skipped if the model is slower than the camera. The
    last frame gets the median of the recent durations, or its nominal duration if it is the only frame.
    Frames of files keep their duration, which is exact.
    """

    def __init__(self) -> None:
        self._last: Frame | None = None
        self._settle: Settle | None = None
        self._recent: deque[float] = deque(maxlen=RECENT)

    def add(self, frame: Frame, settle: Settle) -> None:
        """Add a frame with a time. `settle` is called once, when its duration is known."""
        if self._last is not None and frame.source is not self._last.source:
            self.finish()
        if self._settle and self._last is not None:
            lasts = (frame.time or 0.0) - (self._last.time or 0.0)
            self._recent.append(lasts)
            self._call(lasts)
        self._last = frame
        if frame.is_live:
            self._settle = settle
        else:
            settle(frame.lasts)

    def finish(self) -> None:
        """Settle the last frame of a source."""
        if self._settle and self._last is not None:
            self._call(median(self._recent) if self._recent else self._last.lasts)
        self._last = None
        self._recent.clear()

    def _call(self, lasts: float) -> None:
        settle, self._settle = self._settle, None
        if settle:
            settle(lasts)
