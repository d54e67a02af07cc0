"""Progress callbacks of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ferkit.evaluation.metrics.scores import Scores
    from ferkit.evaluation.protocol import Fold
    from ferkit.experiment.epoch_rows import Row
    from ferkit.interfaces import Epoch
    from ferkit.neural.loop import BatchReport


class Progress(Protocol):
    """Callbacks during a run. They must not raise exceptions."""

    def note(self, text: str) -> None:
        """Report a warning for the reader of the results."""

    def faces(self, done: int, total: int) -> None:
        """Report the number of images with completed detection."""

    def begin_fold(self, fold: Fold, number: int, folds: int) -> None:
        """Report the start of a fold. `number` counts from 1 among all folds of the run."""

    def batch(self, report: BatchReport) -> None:
        """Report a completed batch."""

    def epoch(self, epoch: Epoch, scores: Scores) -> None:
        """Report a completed epoch."""

    def begin_part(self, name: str, title: str) -> None:
        """Report the start of a part: a training that runs next to others, in a process of its own."""

    def part_epoch(self, name: str, fold: Fold, number: int, folds: int, row: Row) -> None:
        """Report a completed epoch of a part, as a row of metrics.jsonl. `number` as for `begin_fold`."""

    def end_part(self, name: str, folder: Path, trainings: Sequence[tuple[Fold, Sequence[Row]]]) -> None:
        """Report a finished part before it is merged: its folder, and all epochs of its trainings."""

    def begin_refit(self, images: int, epochs: int) -> None:
        """Report the start of the training on all images, after the folds."""

    def refit_epoch(self, epoch: Epoch) -> None:
        """Report a completed epoch of the training on all images. It has no validation scores."""

    def finish(self, report: Path) -> None:
        """Report the end of the run, with the path of its report."""


class NullProgress:
    """Progress without output."""

    def note(self, text: str) -> None: ...

    def faces(self, done: int, total: int) -> None: ...

    def begin_fold(self, fold: Fold, number: int, folds: int) -> None: ...

    def batch(self, report: BatchReport) -> None: ...

    def epoch(self, epoch: Epoch, scores: Scores) -> None: ...

    def begin_part(self, name: str, title: str) -> None: ...

    def part_epoch(self, name: str, fold: Fold, number: int, folds: int, row: Row) -> None: ...

    def end_part(self, name: str, folder: Path, trainings: Sequence[tuple[Fold, Sequence[Row]]]) -> None: ...

    def begin_refit(self, images: int, epochs: int) -> None: ...

    def refit_epoch(self, epoch: Epoch) -> None: ...

    def finish(self, report: Path) -> None: ...
