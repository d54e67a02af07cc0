"""Run a prediction over all inputs and summarise it."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeVar

from ferkit.errors import RunError
from ferkit.messages import SHOWN, count_of, count_some, printable
from ferkit.predict.media.frames import Frame, name_of
from ferkit.predict.media.sources import Camera, Ignored, ImageSource, InputError, Stream, VideoSource
from ferkit.predict.output.sink import Sink
from ferkit.predict.predicted import Predicted
from ferkit.predict.predictor import Predictor
from ferkit.predict.rates import DETECT_EVERY

T = TypeVar("T")
KEPT = 1000
"""Maximum number of problems that are listed. Further ones are counted."""


@dataclass
class PredictionSummary:
    """Counts of a prediction's results and problems.

    Attributes:
        images: Number of images.
        moving: Number of videos and cameras.
        frames: Number of processed video frames.
        faces: Number of faces.
        abstained: Number of faces below the threshold.
        faceless: Number of files without a face.
        faceless_names: The first few of these files.
        passed_over: Suffix -> number of ignored files.
        problems: Inputs that could not be processed, 1,000 at most.
        further_problems: Number of problems beyond these.
        written: Output files.
        is_stopped: True if the work was interrupted.
    """

    images: int = 0
    moving: int = 0
    frames: int = 0
    faces: int = 0
    abstained: int = 0
    faceless: int = 0
    faceless_names: list[str] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    problems: list[InputError] = field(default_factory=list)
    further_problems: int = 0
    written: list[str] = field(default_factory=list)
    is_stopped: bool = False
    _source: ImageSource | VideoSource | Camera | Stream | None = None
    _has_face: bool = True

    @property
    def is_complete(self) -> bool:
        return not self.problems and not self.is_stopped

    def count(self, predicted: Predicted) -> None:
        frame, faces = predicted.frame, [row for row in predicted.rows if row.face is not None]
        if frame.source is not self._source:
            self.finish_file()
            self._source, self._has_face = frame.source, False
            self.images += frame.number is None
            self.moving += frame.number is not None
        self.frames += frame.number is not None
        self.faces += len(faces)
        self.abstained += sum(row.abstained for row in faces)
        self._has_face = self._has_face or bool(faces)

    def finish_file(self) -> None:
        """Close the current file's counts. Call it once more at the end."""
        if not self._has_face and self._source:
            self.faceless += 1
            if len(self.faceless_names) < SHOWN:
                self.faceless_names.append(name_of(self._source))
        self._has_face = True

    def add(self, other: PredictionSummary) -> None:
        """Add the counts of other inputs."""
        for name in ("images", "moving", "frames", "faces", "abstained", "faceless", "further_problems"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faceless_names += other.faceless_names[: SHOWN - len(self.faceless_names)]
        self.passed_over.update(other.passed_over)
        for problem in other.problems:
            self.add_problem(problem)

    def add_problem(self, problem: InputError) -> None:
        if len(self.problems) < KEPT:
            self.problems.append(problem)
        else:
            self.further_problems += 1

    def describe(self) -> Iterator[str]:
        """Yield the summary line by line, with the problems at the end."""
        done = [count_of(self.images, "image")] if self.images or not self.moving else []
        if self.moving:
            done.append(f"{count_of(self.moving, 'video')} ({count_of(self.frames, 'frame')})")
        unsure = f", {self.abstained} below the threshold" if self.abstained else ""
        yield f"{' and '.join(done)}: {count_of(self.faces, 'face')}{unsure}"
        if self.faceless:
            others = self.faceless - len(self.faceless_names)
            names = ", ".join(printable(name) for name in self.faceless_names)
            more = f" and {others} more" if others else ""
            yield f"no face was found in {count_of(self.faceless, 'file')}: {names}{more}"
        if self.passed_over:
            kinds = count_some([f"{name or 'no suffix'} ({n})" for name, n in self.passed_over.most_common()])
            number = self.passed_over.total()
            yield f"{count_of(number, 'file')} ignored (neither image nor video): {kinds}"
        yield from (f"written: {place}" for place in self.written)
        yield from self.describe_problems()

    def describe_problems(self) -> Iterator[str]:
        """Yield the inputs that failed with their reasons, and a line if the work was interrupted."""
        if self.problems:
            yield f"failed: {len(self.problems) + self.further_problems}"
            yield from (f"  {printable(one.file)}: {printable(one.reason)}" for one in self.problems)
            if self.further_problems:
                yield f"  and {self.further_problems} more"
        if self.is_stopped:
            yield "Stopped early: later inputs were not processed."


def do_work(
    predictor: Predictor,
    inputs: Sequence[str | Path],
    sinks: Sequence[Sink],
    *,
    every: int = 1,
    detect_every: int = DETECT_EVERY,
    smooth: float = 0.0,
    stdin: BinaryIO | None = None,
    show: Callable[[Frame], None] = lambda frame: None,
) -> PredictionSummary:
    """Predict all inputs and write the results to the sinks. The sinks are always closed.

    `show` is called with each frame whose results are written.

    Ctrl-C ends the work. For a camera this is the normal end. Otherwise the work counts as incomplete, and a
    table is left under a temporary name next to its destination.

    Raises:
        RunError: A sink failed.
    """
    tally = PredictionSummary()
    is_whole = False
    try:
        for sink in sinks:
            sink.begin(predictor.labels)
        stream = predictor.stream(inputs, every=every, detect_every=detect_every, smooth=smooth, stdin=stdin)
        write_stream(stream, sinks, tally, show)
        is_whole = not tally.is_stopped
    except OSError as error:
        raise RunError(f"Cannot write the results: {error}") from error
    finally:
        tally.written += _close(sinks, is_whole)
    return tally


def _close(sinks: Sequence[Sink], is_whole: bool) -> list[str]:
    """Close all sinks, even if one fails. Raises RunError for the first failure."""
    places: list[str] = []
    failed: RunError | None = None
    for sink in sinks:
        try:
            if place := sink.close(is_whole):
                places.append(place)
        except RunError as error:
            failed = failed or error
        except OSError as error:
            failed = failed or RunError(f"Cannot write the results: {error}")
    if failed:
        raise failed
    return places


def write_stream(
    stream: Iterator[Predicted | Ignored | InputError],
    sinks: Sequence[Sink],
    tally: PredictionSummary,
    show: Callable[[Frame], None] = lambda frame: None,
) -> None:
    """Write all results to the sinks, which have begun, and count them. Ctrl-C ends the work."""
    last: Predicted | None = None
    try:
        for one in stream:
            if isinstance(one, Predicted):
                last = one
            _take(one, sinks, tally)
            if isinstance(one, Predicted):
                show(one.frame)
    except BrokenPipeError:
        # The reader of standard output, such as `head`, is done. Python must not flush to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        tally.is_stopped = True
    except KeyboardInterrupt:
        tally.is_stopped = not (last and isinstance(last.frame.source, Camera | Stream))
        for one in () if tally.is_stopped else remaining(stream):
            _take(one, sinks, tally)
    tally.finish_file()


def remaining(stream: Iterator[T]) -> Iterator[T]:
    """Interrupt a generator, and yield what it still holds, such as frames that wait to be smoothed."""
    if not isinstance(stream, Generator):
        return
    try:
        yield stream.throw(KeyboardInterrupt())
        yield from stream
    except (KeyboardInterrupt, StopIteration):
        return


def _take(one: Predicted | Ignored | InputError, sinks: Sequence[Sink], tally: PredictionSummary) -> None:
    """Write a result to all outputs, and count it."""
    if isinstance(one, Predicted):
        tally.count(one)
        for problem in [problem for sink in sinks for problem in sink.write(one)]:
            tally.add_problem(problem)
    elif isinstance(one, InputError):
        tally.add_problem(one)
    else:
        tally.passed_over[Path(one.file).suffix.lower()] += 1
