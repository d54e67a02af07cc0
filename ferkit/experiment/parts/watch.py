"""Progress of parts, read from their folders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ferkit.evaluation.protocol import Fold
from ferkit.experiment.epoch_rows import Row, is_of_training, read_rows
from ferkit.experiment.parts.merge import part_path
from ferkit.experiment.parts.part import Part
from ferkit.experiment.parts.worker import NOTES
from ferkit.experiment.progress import Progress


class PartWatch:
    """Report the new epochs and warnings of a part. What is there at first is not new.

    Args:
        run: The run folder.
        part: The part.
        progress: Receives what happens.
        total: Number of trainings of the run.
    """

    def __init__(self, run: Path, part: Part, progress: Progress, total: int) -> None:
        self.part = part
        self.progress = progress
        self.total = total
        self._folder = part_path(run, part)
        self._known = {fold.name: _last(self._rows(), fold) for fold in part.folds}
        self._notes = len(self._read_notes())
        self._has_begun = False

    def report(self) -> None:
        """Report what is new."""
        if not self._has_begun and self._folder.exists():
            self._has_begun = True
            self.progress.begin_part(self.part.name, self.part.title)
        notes = self._read_notes()
        for note in notes[self._notes :]:
            self.progress.note(note)
        self._notes = len(notes)
        rows = self._rows()
        for place, fold in enumerate(self.part.folds):
            for row in (one for one in rows if is_of_training(one, fold)):
                if row["epoch"] > self._known[fold.name]:
                    self._known[fold.name] = row["epoch"]
                    self.progress.part_epoch(self.part.name, fold, self.part.number + place, self.total, row)

    def _rows(self) -> Sequence[Row]:
        return read_rows(self._folder / "metrics.jsonl")

    def _read_notes(self) -> list[str]:
        """Return all complete lines. A worker may be writing one, or may have died in the middle of it."""
        file = self._folder / NOTES
        found: list[str] = []
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            with suppress(ValueError):
                found.append(json.loads(line))
        return found


def _last(rows: Sequence[Row], fold: Fold) -> int:
    return max((row["epoch"] for row in rows if is_of_training(row, fold)), default=0)
