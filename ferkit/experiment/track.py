"""Send the epochs and scores of a run to experiment trackers.

A run never depends on its trackers: the first error of a tracker is a warning, and that tracker is left out.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferkit.evaluation.run_files import REFIT, read_choice, read_resolved, read_summary
from ferkit.experiment.epoch_rows import epoch_row
from ferkit.experiment.track_services import TrackerRun, start_tracker
from ferkit.report.table.differences import flatten
from ferkit.runtime.atomic_write import write_text

if TYPE_CHECKING:
    from ferkit.evaluation.metrics.scores import Scores
    from ferkit.evaluation.protocol import Fold
    from ferkit.experiment.epoch_rows import Row
    from ferkit.experiment.progress import Progress
    from ferkit.experiment.run import RunRequest
    from ferkit.interfaces import Epoch
    from ferkit.neural.loop import BatchReport

FOLDER = "tracking"
"""Folder of the files of trackers, in the run folder."""
FINAL = "summary"
"""Part of the tracker run with the final scores."""
VALUES = (
    "train_loss",
    "validation_loss",
    "train_accuracy",
    "accuracy",
    "mean_recall",
    "nll",
    "learning_rate",
)
"""Values of an epoch."""
SCORES = ("accuracy", "mean_recall", "macro_f1", "nll", "brier", "ece")


@contextmanager
def tracked(order: RunRequest, progress: Progress) -> Iterator[Progress]:
    """Provide a progress that also reports to the trackers of `[track]`."""
    track = order.recipe.track
    if not track or not track.trackers:
        yield progress
        return
    own = TrackedProgress(progress, order, tuple(dict.fromkeys(track.trackers)))
    try:
        yield own
    finally:
        own.close()


@dataclass
class Log:
    """The tracker runs of a run folder, in tracking/runs.json.

    Attributes:
        file: The file.
        parts: Part ("repeat0_fold0" or "summary") to tracker to its identifier and last step.
    """

    file: Path
    parts: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> Log:
        """Read the file, if it exists."""
        return cls(file, json.loads(file.read_text(encoding="utf-8")) if file.exists() else {})

    def of(self, part: str, service: str) -> dict[str, Any]:
        """Return {"id", "last"} of a tracker run. Empty before its start."""
        return self.parts.setdefault(part, {}).setdefault(service, {})

    def set(self, part: str, service: str, **values: Any) -> None:
        """Save values of a tracker run."""
        self.of(part, service).update(values)
        write_text(self.file, json.dumps(self.parts, indent=2) + "\n")


@dataclass
class TrackedProgress:
    """Report to another progress and to trackers.

    Attributes:
        progress: The other progress.
        order: The run.
        services: Names of the trackers in use. One that fails is removed.
    """

    progress: Progress
    order: RunRequest
    services: tuple[str, ...]
    _fold: Fold | None = field(default=None, init=False)
    _settings: Mapping[str, Any] = field(default_factory=dict, init=False)
    _open: dict[str, Any] = field(default_factory=dict, init=False)

    def note(self, text: str) -> None:
        self.progress.note(text)

    def faces(self, done: int, total: int) -> None:
        self.progress.faces(done, total)

    def begin_fold(self, fold: Fold, number: int, folds: int) -> None:
        self.close()
        self._fold = fold
        self._settings = self.order.settings(fold).settings
        self.progress.begin_fold(fold, number, folds)

    def batch(self, report: BatchReport) -> None:
        self.progress.batch(report)

    def epoch(self, epoch: Epoch, scores: Scores) -> None:
        if self._fold:
            self._send(self._fold.name, epoch.number, row_values(epoch_row(self._fold, epoch, scores)))
        self.progress.epoch(epoch, scores)

    def begin_part(self, name: str, title: str) -> None:
        self.progress.begin_part(name, title)

    def part_epoch(self, name: str, fold: Fold, number: int, folds: int, row: Row) -> None:
        self.progress.part_epoch(name, fold, number, folds, row)

    def end_part(self, name: str, folder: Path, trainings: Sequence[tuple[Fold, Sequence[Row]]]) -> None:
        """Send a part when it is complete: several trackers have one open run for each process."""
        for fold, rows in trainings:
            self._settings = self.order.settings(fold, folder).settings
            for row in rows:
                self._send(fold.name, row["epoch"], row_values(row))
            self.close()
        self.progress.end_part(name, folder, trainings)

    def begin_refit(self, images: int, epochs: int) -> None:
        self.close()
        self._fold = None
        self._settings = read_choice(self.order.folder, REFIT)["settings"]
        self.progress.begin_refit(images, epochs)

    def refit_epoch(self, epoch: Epoch) -> None:
        values = {name: getattr(epoch, name) for name in ("train_loss", "train_accuracy", "learning_rate")}
        self._send(REFIT, epoch.number, values)
        self.progress.refit_epoch(epoch)

    def finish(self, report: Path) -> None:
        self.close()
        self._fold, self._settings = None, {}
        self._send(FINAL, 0, final_values(self.order.folder))
        self.close()
        self.progress.finish(report)

    def close(self) -> None:
        """End the open tracker runs."""
        for service, tracker in list(self._open.items()):
            self._try(service, tracker.finish)
        self._open.clear()

    @property
    def _log(self) -> Log:
        return Log.read(self.order.folder / FOLDER / "runs.json")

    def _send(self, part: str, step: int, values: Mapping[str, float]) -> None:
        """Send values to each tracker, unless an earlier start did."""
        for service in self.services:
            self._try(service, partial(self._send_to, service, part, step, values))

    def _send_to(self, service: str, part: str, step: int, values: Mapping[str, float]) -> None:
        log = self._log
        if step <= log.of(part, service).get("last", -1):
            return
        if service not in self._open:
            self._start(service, part, step, log)
        log.set(part, service, last=step)  # before it is sent: a step is never sent twice
        self._open[service].log(dict(values), step=step)

    def _start(self, service: str, part: str, step: int, log: Log) -> None:
        folder = self.order.folder
        known, track = log.of(part, service).get("id"), self.order.recipe.track
        project = (track and track.project) or self.order.recipe.name
        name = folder.absolute().name + ("" if part == FINAL else f"/{part}")
        run = TrackerRun(project, name, part, folder / FOLDER, known, step)
        self._open[service], found = start_tracker(service, run)
        log.set(part, service, id=found)
        if not known:
            self._open[service].store_init_configuration(self._config())

    def _config(self) -> dict[str, Any]:
        """Return the resolved recipe with dotted keys, and the settings of the candidate."""
        table = {**dict(flatten(read_resolved(self.order.folder))), **self._settings}
        return {
            key: one if isinstance(one, bool | int | float | str) else json.dumps(one)
            for key, one in table.items()
        }

    def _try(self, service: str, do: Callable[[], object]) -> None:
        """Call a tracker. Its first error is a warning, and the tracker is not called again."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                do()
        except Exception as error:
            self.services = tuple(one for one in self.services if one != service)
            self._open.pop(service, None)
            self.note(
                f"Cannot log to {service}: {type(error).__name__}: {error}. The run continues without it. "
                "Its folder has all results."
            )


def row_values(row: Row) -> dict[str, float]:
    """Return the finite values of an epoch, named as in metrics.jsonl."""
    values = {
        **{name: row[name] for name in VALUES},
        **{f"details/{name}": value for name, value in row.get("details", {}).items()},
    }
    return {name: float(value) for name, value in values.items() if isfinite(value)}


def final_values(folder: Path) -> dict[str, float]:
    """Return the scores of a finished run, such as "chosen_epoch/accuracy"."""
    return {
        f"{selection}/{name}": float(found[name])
        for selection, found in read_summary(folder).scores.items()
        for name in SCORES
        if isinstance(found.get(name), int | float) and isfinite(found[name])
    }
