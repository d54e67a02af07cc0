"""Progress of a run: bars on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from ferkit.evaluation.metrics.scores import Scores
from ferkit.evaluation.protocol import Fold
from ferkit.experiment.epoch_rows import Row, epoch_values
from ferkit.interfaces import Epoch
from ferkit.messages import count_of, printable_lines
from ferkit.neural.loop import BatchReport


class PlainProgress:
    """Progress as plain lines, for files, pipes and logs.

    Args:
        epochs: Number of epochs per fold.
        is_wrapped: True if the network belongs to an estimator. Then the estimator's epochs are printed.
    """

    def __init__(self, epochs: int, is_wrapped: bool = False) -> None:
        self.epochs = epochs
        self.is_wrapped = is_wrapped
        self.place = ""
        self.monitored = "test"
        self.faces_said = 0

    def say(self, text: str) -> None:
        print(text, flush=True)

    def note(self, text: str) -> None:
        self.say(f"note: {text}")

    def faces(self, done: int, total: int) -> None:
        if done == total or done - self.faces_said >= 100:
            self.faces_said = done
            self.say(f"faces: {done} of {total} images")

    def begin_fold(self, fold: Fold, number: int, folds: int) -> None:
        self.place = describe_place(fold, number, folds)
        self.monitored = "test" if fold.validation is None else "validation"

    def batch(self, report: BatchReport) -> None:
        pass

    def epoch(self, epoch: Epoch, scores: Scores) -> None:
        self.say(self._describe(self.place, epoch_values(epoch, scores, self.monitored)))

    def begin_part(self, name: str, title: str) -> None:
        pass

    def part_epoch(self, name: str, fold: Fold, number: int, folds: int, row: Row) -> None:
        self.say(self._describe(describe_place(fold, number, folds), row))

    def end_part(self, name: str, folder: Path, trainings: Sequence[tuple[Fold, Sequence[Row]]]) -> None:
        pass

    def _describe(self, place: str, row: Row) -> str:
        of = "" if self.is_wrapped else f" of {self.epochs}"
        return (
            f"{place}, epoch {row['epoch']}{of}: "
            f"training loss {row['train_loss']:.4f}, accuracy {100 * row['train_accuracy']:.2f}%; "
            f"{row['watched']} loss {row['validation_loss']:.4f}, accuracy {100 * row['accuracy']:.2f}% "
            f"({row['seconds']:.1f} s)"
        )

    def begin_refit(self, images: int, epochs: int) -> None:
        self.place, self.epochs = f"refit on all {count_of(images, 'image')}", epochs

    def refit_epoch(self, epoch: Epoch) -> None:
        self.say(
            f"{self.place}, epoch {epoch.number} of {self.epochs}: training loss {epoch.train_loss:.4f}, "
            f"accuracy {100 * epoch.train_accuracy:.2f}% ({epoch.seconds:.1f} s)"
        )

    def finish(self, report: Path) -> None:
        pass


def describe_place(fold: Fold, number: int, folds: int) -> str:
    """Name a fold, with its place among all folds of the run."""
    candidate = "" if fold.candidate is None else f", candidate {fold.candidate + 1}"
    return f"repeat {fold.repeat + 1}, fold {fold.index + 1}{candidate} ({number} of {folds})"


class TerminalProgress(PlainProgress):
    """Progress as bars for faces, epochs and batches, with a line for each finished epoch."""

    def __init__(self, epochs: int, console: Console, bars: Bars, is_wrapped: bool = False) -> None:
        super().__init__(epochs, is_wrapped)
        self.console = console
        self.bars = bars
        self.faces_task = bars.add_task("faces", total=None, visible=False)
        self.run_task = bars.add_task("run", total=None, visible=False)
        self.epoch_task = bars.add_task("epoch", total=None, visible=False)
        self.folds_before = 0
        self.folds = 1
        self.parts: dict[str, TaskID] = {}

    def say(self, text: str) -> None:
        self.console.print(escape(printable_lines(text)), highlight=False)

    def faces(self, done: int, total: int) -> None:
        self.bars.update(self.faces_task, completed=done, total=total, visible=done < total)

    def begin_fold(self, fold: Fold, number: int, folds: int) -> None:
        super().begin_fold(fold, number, folds)
        self.folds_before, self.folds = number - 1, folds
        self.bars.update(self.run_task, description=self.place, visible=True)

    def begin_part(self, name: str, title: str) -> None:
        if name not in self.parts:  # else it continues in another process
            self.parts[name] = self.bars.add_task(title, total=None if self.is_wrapped else self.epochs)

    def part_epoch(self, name: str, fold: Fold, number: int, folds: int, row: Row) -> None:
        super().part_epoch(name, fold, number, folds, row)
        words = f"{describe_place(fold, number, folds)}: accuracy {100 * row['accuracy']:.1f}%"
        self.bars.update(self.parts[name], completed=row["epoch"], description=words)

    def end_part(self, name: str, folder: Path, trainings: Sequence[tuple[Fold, Sequence[Row]]]) -> None:
        if name in self.parts:
            self.bars.remove_task(self.parts.pop(name))

    def begin_refit(self, images: int, epochs: int) -> None:
        super().begin_refit(images, epochs)
        self.folds_before, self.folds = 0, 1
        self.bars.update(self.run_task, description=self.place, completed=0, visible=True)

    def batch(self, report: BatchReport) -> None:
        epochs_before = self.folds_before * self.epochs + report.epoch - 1
        self.bars.update(
            self.run_task,
            completed=epochs_before * report.batches + report.batch,
            total=self.folds * self.epochs * report.batches,
        )
        words = f"epoch {report.epoch}: loss {report.loss:.3f}, accuracy {100 * report.accuracy:.1f}%"
        self.bars.update(
            self.epoch_task, completed=report.batch, total=report.batches, description=words, visible=True
        )


@contextmanager
def watch(epochs: int, is_wrapped: bool = False) -> Iterator[PlainProgress]:
    """Show bars if standard output is a terminal, plain lines otherwise."""
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        yield PlainProgress(epochs, is_wrapped)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console) as bars:
        yield TerminalProgress(epochs, console, bars, is_wrapped)


@contextmanager
def watch_images() -> Iterator[Callable[[str, int, int], None]]:
    """Show bars on standard error if it is a terminal. Yields a function (task, done, total)."""
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield show
