"""Smooth the probabilities of tracked faces over time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ferkit.errors import RunError
from ferkit.predict.media.durations import LiveDurations
from ferkit.predict.media.frames import Frame
from ferkit.predict.media.image_spool import ImageSpool, Spooled
from ferkit.predict.media.sources import Ignored, InputError
from ferkit.predict.predicted import Predicted
from ferkit.predict.row import Row, decide

LONGEST = 10.0
"""Maximum of SECONDS."""
FLOOR = 1e-6
"""Smallest probability whose logarithm is taken."""
SHORTEST = 1e-3
"""Smallest duration of a frame, in seconds."""

Item = Predicted | Ignored | InputError


def check_seconds(seconds: float) -> None:
    """Raise RunError unless the time is 0 to `LONGEST` seconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST:
        raise RunError(f"smooth: expected seconds from 0 to {LONGEST:g}, got {seconds!r}")


def smooth(stream: Iterable[Item], seconds: float, threshold: float = 0.0) -> Iterator[Item]:
    """Smooth the probabilities of each track of a video, and decide its expressions again.

    A probability becomes the weighted geometric mean over the track, divided by the sum over the labels (a
    logarithmic opinion pool, Genest and Zidek 1986). The weight of a frame is its duration times a Gaussian
    of the difference in time. Times are those of the frames, so variable frame rates are exact. A frame of a
    camera lasts until the next one. The kernel is centred. Its standard deviation is half of `seconds`, and
    it is 0 beyond `seconds`. A track ends at a cut, so no value crosses a cut.

    Items keep their order. A frame is yielded `seconds` later than it is read. Images that wait are kept in
    memory up to a limit, and in a temporary file beyond it.

    Args:
        stream: Items of `Predictor.stream`.
        seconds: Reach of the kernel on each side, in seconds.
        threshold: Rows whose smoothed confidence is below it, 0..1, are marked as abstained.
    """
    if not seconds:
        yield from stream
        return
    smoother = _Smoother(seconds, threshold)
    try:
        for item in stream:
            yield from smoother.add(item)
        yield from smoother.finish()
    except KeyboardInterrupt:  # Ctrl-C is the normal end of a camera
        yield from smoother.finish()
        raise
    finally:
        smoother.spool.close()


@dataclass(slots=True, eq=False)
class _Point:
    """Log-probabilities (labels,) of a face at a time, in seconds, and how long its frame lasts."""

    time: float
    lasts: float
    logs: NDArray[np.float64]


class _Smoother:
    """Frames that wait for later ones, and the recent points of each track."""

    def __init__(self, seconds: float, threshold: float) -> None:
        self._seconds = seconds
        self._threshold = threshold
        self._waiting: deque[tuple[Item, Spooled | None]] = deque()
        self._points: dict[int, deque[_Point]] = {}
        self._source: object = None
        self._durations = LiveDurations()
        self.spool = ImageSpool()

    def add(self, item: Item) -> Iterator[Item]:
        """Take an item, and yield the items that wait for nothing more."""
        now = _time_of(item)
        if isinstance(item, Predicted) and item.frame.source is not self._source:
            yield from self.finish()
            self._source, self._points = item.frame.source, {}
        if isinstance(item, Predicted) and now is not None:
            self._remember(item, now)
            spooled = self.spool.put(item.frame.image)
            bare = replace(item.frame, image=spooled.blank)
            self._waiting.append((replace(item, frame=bare), spooled))
        else:
            self._waiting.append((item, None))
        while self._waiting and self._is_ready(self._waiting[0][0], now):
            yield self._release()

    def _is_ready(self, item: Item, now: float | None) -> bool:
        time = _time_of(item)
        return time is None or (now is not None and now > time + self._seconds)

    def finish(self) -> Iterator[Item]:
        """Yield all items that wait."""
        self._durations.finish()
        while self._waiting:
            yield self._release()

    def _remember(self, item: Predicted, time: float) -> None:
        made = []
        for row in item.rows:
            if row.track is not None:
                values = np.array(list(row.probabilities.values()))
                logs = np.log(np.maximum(values, FLOOR))
                made.append(_Point(time, SHORTEST, logs))
                self._points.setdefault(row.track, deque()).append(made[-1])

        def settle(lasts: float) -> None:
            for point in made:
                point.lasts = max(lasts, SHORTEST)

        self._durations.add(item.frame, settle)

    def _release(self) -> Item:
        item, spooled = self._waiting.popleft()
        if spooled is None or not isinstance(item, Predicted):
            return item
        time = item.frame.time or 0.0
        self._forget(time - self._seconds)
        frame: Frame = replace(item.frame, image=spooled.take())
        return Predicted(frame, [self._smoothed(row, time) for row in item.rows])

    def _forget(self, before: float) -> None:
        for track, points in list(self._points.items()):
            while points and points[0].time < before:
                points.popleft()
            if not points:
                del self._points[track]

    def _smoothed(self, row: Row, time: float) -> Row:
        if row.track is None:
            return row
        near = [one for one in self._points[row.track] if one.time <= time + self._seconds]
        offsets = np.array([one.time - time for one in near]) / (self._seconds / 2)
        weights = np.exp(-(offsets**2) / 2) * np.array([one.lasts for one in near])
        pooled = weights @ np.stack([one.logs for one in near]) / weights.sum()
        values = np.exp(pooled - pooled.max())
        shares = (values / values.sum()).tolist()
        return replace(row, **decide(tuple(row.probabilities), shares, self._threshold))


def _time_of(item: Item) -> float | None:
    """Return the time of a frame of a video, in seconds; None for anything else."""
    return item.frame.time if isinstance(item, Predicted) else None
