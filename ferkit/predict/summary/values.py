"""The values of a summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame in which an expression is strongest.

    Attributes:
        time: Time of the frame, in seconds.
        frame: Index of the frame, from 0.
        probability: Probability of the expression, 0..1.
        thumbnail: The face as JPEG, if thumbnails were asked for.
    """

    time: float
    frame: int
    probability: float
    thumbnail: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in which a face keeps one expression for at least half a second.

    Attributes:
        expression: The label.
        onset: Start of the first frame, in seconds.
        apex: The frame with the highest probability.
        offset: End of the last frame, in seconds.
    """

    expression: str
    onset: float
    apex: Moment
    offset: float

    @property
    def seconds(self) -> float:
        """Duration, in seconds."""
        return self.offset - self.onset


@dataclass(frozen=True, slots=True)
class ExpressionSummary:
    """One expression of a track.

    Attributes:
        expression: The label, or "unsure" for frames below the threshold.
        seconds: Time with this expression, in seconds.
        share: Fraction of the time in which the face is visible, 0..1.
        episodes: Number of episodes.
        longest: The longest episode, if there is one.
        strongest: The moment with the highest probability.
    """

    expression: str
    seconds: float
    share: float
    episodes: int
    longest: Episode | None
    strongest: Moment


@dataclass(frozen=True, slots=True)
class TrackSummary:
    """One face from its first to its last frame.

    Attributes:
        track: Number of the track, from 1.
        first: Start of the first frame, in seconds.
        last: End of the last frame, in seconds.
        seconds: Time in which the face is visible, in seconds.
        expressions: The expressions that occur, the one with the largest share first.
        episodes: The episodes, in order of time.
        visible: Start and end of each time in which the face is visible, in seconds. Short gaps are closed.
    """

    track: int
    first: float
    last: float
    seconds: float
    expressions: Sequence[ExpressionSummary]
    episodes: Sequence[Episode]
    visible: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """One video.

    Attributes:
        file: Name of the file.
        frames: Number of processed frames.
        seconds: End of the last frame, in seconds.
        tracks: The tracks, in order.
    """

    file: str
    frames: int
    seconds: float
    tracks: Sequence[TrackSummary]


@dataclass(frozen=True, slots=True)
class Summary:
    """The videos of a prediction.

    Attributes:
        labels: The model's labels, in order.
        videos: The videos, in order. Images are not summarised.
        model: Name of the model, if known.
        smooth: Seconds of smoothing, if known.
    """

    labels: Sequence[str]
    videos: Sequence[VideoSummary]
    model: str = ""
    smooth: float | None = None

    def write(self, file: str | Path) -> None:
        """Write a .json, .csv or .html file, as `ferkit predict --summary`.

        Raises:
            RunError: The suffix is another one, or the file cannot be written.
        """
        from ferkit.predict.summary.files import check_suffix, write_summary

        check_suffix(Path(file))
        write_summary(self, Path(file))
