"""Summarise the rows of videos, frame by frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit.predict.media.durations import LiveDurations
from ferkit.predict.media.frames import Frame
from ferkit.predict.predicted import Predicted
from ferkit.predict.row import Row
from ferkit.predict.summary.values import (
    Episode,
    ExpressionSummary,
    Moment,
    Summary,
    TrackSummary,
    VideoSummary,
)

SHORTEST = 0.5
"""Minimum duration of an episode, in seconds. Shorter expressions are micro-expressions (Yan et al. 2013)."""
GAP = 0.5
"""Maximum time without the face within an episode, in seconds."""
UNSURE = "unsure"
"""Expression of frames below the threshold."""
ROUNDING = 1e-6
SIDE, MARGIN, QUALITY = 96, 0.25, 80
"""Side of a thumbnail in pixels, its margin around the box in parts of the box, and its JPEG quality."""


def summarise(stream: Iterable[object], labels: Sequence[str] = (), thumbnails: bool = False) -> Summary:
    """Summarise videos by their tracks, with shares of expressions and episodes.

    An episode is a run of frames of a track with the same label. It lasts at least 0.5 seconds. Times of up
    to 0.5 seconds in which the face is not found do not end it. Frames below the threshold do.

    Args:
        stream: Items of `Predictor.stream`. Images and errors are skipped.
        labels: The model's labels, in order. Default: those of the rows.
        thumbnails: Keep a small image of each face's strongest moments, for the HTML page.

    Returns:
        The summary. Its `write` method writes JSON, CSV or HTML.

    Example:
        >>> predictor = ferkit.Predictor()
        >>> summary = summarise(predictor.stream("clip.mp4", smooth=0.5))
        >>> for track in summary.videos[0].tracks:
        ...     print(track.track, track.first, track.last, track.expressions[0].expression)
    """
    summariser = Summariser(labels, thumbnails)
    for item in stream:
        if isinstance(item, Predicted):
            summariser.add(item)
    return summariser.finish()


class Summariser:
    """A summary that grows with each frame. Its size depends on the number of tracks and episodes."""

    def __init__(self, labels: Sequence[str] = (), thumbnails: bool = False) -> None:
        self.labels = list(labels)
        self._thumbnails = thumbnails
        self._source: object = None
        self._videos: list[_Video] = []
        self._durations = LiveDurations()

    def add(self, predicted: Predicted) -> None:
        """Add a frame of a video. An image is skipped."""
        frame = predicted.frame
        if frame.number is None or frame.time is None:
            return
        self._durations.add(frame, partial(self._count, predicted))

    def _count(self, predicted: Predicted, lasts: float) -> None:
        """Add a frame whose duration is known."""
        frame, start = replace(predicted.frame, lasts=lasts), predicted.frame.time or 0.0
        if frame.source is not self._source:
            self._source = frame.source
            self._videos.append(_Video(frame.file))
        video = self._videos[-1]
        video.frames, video.seconds = video.frames + 1, max(video.seconds, start + lasts)
        for row in predicted.rows:
            if row.track is not None:
                self.labels = self.labels or list(row.probabilities)
                track = video.tracks.setdefault(row.track, _Track(row.track, start))
                track.add(row, frame, self._thumbnails)

    def finish(self, model: str = "", smooth: float | None = None) -> Summary:
        """Return the summary of all frames so far."""
        self._durations.finish()
        return Summary(tuple(self.labels), [video.finish() for video in self._videos], model, smooth)


@dataclass(slots=True)
class _Run:
    """Frames of a track with the same expression."""

    expression: str
    onset: float
    offset: float
    apex: Moment

    def as_episode(self) -> Episode:
        return Episode(self.expression, self.onset, self.apex, self.offset)


@dataclass(slots=True)
class _Track:
    number: int
    first: float
    last: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    strongest: dict[str, Moment] = field(default_factory=dict)
    visible: list[tuple[float, float]] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    run: _Run | None = None

    def add(self, row: Row, frame: Frame, thumbnails: bool) -> None:
        start = frame.time or 0.0
        end, gap = start + frame.lasts, start - self.last
        if self.visible and gap <= GAP + ROUNDING:
            self.visible[-1] = (self.visible[-1][0], end)
        else:
            self.visible.append((start, end))
        self.last = end
        name = UNSURE if row.abstained else row.label
        self.seconds[name] = self.seconds.get(name, 0.0) + frame.lasts
        moment = Moment(start, frame.number or 0, row.confidence or 0.0)
        if name not in self.strongest or moment.probability > self.strongest[name].probability:
            picture = _thumbnail(frame.image, row) if thumbnails else None
            self.strongest[name] = Moment(moment.time, moment.frame, moment.probability, picture)
        self._extend(name, moment, end)

    def _extend(self, name: str, moment: Moment, end: float) -> None:
        run = self.run
        if run and run.expression == name and moment.time - run.offset <= GAP + ROUNDING:
            run.offset = end
            run.apex = moment if moment.probability > run.apex.probability else run.apex
        else:
            self.end_run()
            self.run = _Run(name, moment.time, end, moment)

    def end_run(self) -> None:
        run, self.run = self.run, None
        if run and run.expression != UNSURE and run.offset - run.onset >= SHORTEST - ROUNDING:
            self.episodes.append(run.as_episode())

    def finish(self) -> TrackSummary:
        self.end_run()
        total = sum(self.seconds.values())
        names = sorted(self.seconds, key=lambda name: -self.seconds[name])
        expressions = [self._of(name, total) for name in names]
        return TrackSummary(
            self.number, self.first, self.last, total, expressions, self.episodes, self.visible
        )

    def _of(self, name: str, total: float) -> ExpressionSummary:
        own = [one for one in self.episodes if one.expression == name]
        return ExpressionSummary(
            name,
            self.seconds[name],
            self.seconds[name] / total if total else 0.0,
            len(own),
            max(own, key=lambda one: one.seconds, default=None),
            self.strongest[name],
        )


@dataclass(slots=True)
class _Video:
    file: str
    frames: int = 0
    seconds: float = 0.0
    tracks: dict[int, _Track] = field(default_factory=dict)

    def finish(self) -> VideoSummary:
        tracks = [self.tracks[number].finish() for number in sorted(self.tracks)]
        return VideoSummary(self.file, self.frames, self.seconds, tracks)


def _thumbnail(image: NDArray[np.uint8], row: Row) -> bytes | None:
    """Return the face as JPEG; None without a box."""
    from ferkit.data.crops import crop_box

    if row.box is None:
        return None
    crop = np.ascontiguousarray(crop_box(image, np.array(row.box, np.float32), MARGIN))
    scale = SIDE / max(crop.shape[:2])
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    _, content = cv2.imencode(
        ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    )
    return content.tobytes()
