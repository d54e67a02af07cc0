"""What a run tells whoever watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from ferkit.evaluation.metrics.scores import Scores
    from ferkit.evaluation.protocol import Cell
    from ferkit.interfaces import Epoch
    from ferkit.neural.loop import BatchReport


class Progress(Protocol):
    """Called as a run goes on; none of the calls may raise."""

    def note(self, text: str) -> None:
        """Something that the reader of the results must know."""

    def faces(self, done: int, total: int) -> None: ...

    def begin_cell(self, cell: Cell, number: int, cells: int) -> None:
        """number: from 1, among all the run's cells."""

    def batch(self, report: BatchReport) -> None: ...

    def epoch(self, epoch: Epoch, scores: Scores) -> None: ...

    def finish(self, report: Path) -> None: ...


class Silence:
    """Progress that nobody watches."""

    def note(self, text: str) -> None: ...

    def faces(self, done: int, total: int) -> None: ...

    def begin_cell(self, cell: Cell, number: int, cells: int) -> None: ...

    def batch(self, report: BatchReport) -> None: ...

    def epoch(self, epoch: Epoch, scores: Scores) -> None: ...

    def finish(self, report: Path) -> None: ...
