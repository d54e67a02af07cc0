"""What a run tells whoever watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from ferkit.evaluation.metrics.scores import Scores
    from ferkit.evaluation.protocol import Fold
    from ferkit.interfaces import Epoch
    from ferkit.neural.loop import BatchReport


class Progress(Protocol):
    """Called as a run goes on; none of the calls may raise."""

    def note(self, text: str) -> None:
        """Something that the reader of the results must know."""

    def faces(self, done: int, total: int) -> None: ...

    def begin_fold(self, fold: Fold, number: int, folds: int) -> None:
        """number: from 1, among all the run's folds."""

    def batch(self, report: BatchReport) -> None: ...

    def epoch(self, epoch: Epoch, scores: Scores) -> None: ...

    def finish(self, report: Path) -> None: ...


class NullProgress:
    """Progress that nobody watches."""

    def note(self, text: str) -> None: ...

    def faces(self, done: int, total: int) -> None: ...

    def begin_fold(self, fold: Fold, number: int, folds: int) -> None: ...

    def batch(self, report: BatchReport) -> None: ...

    def epoch(self, epoch: Epoch, scores: Scores) -> None: ...

    def finish(self, report: Path) -> None: ...
