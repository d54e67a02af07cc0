"""Progress of parts, from files that a worker is writing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ferkit.evaluation.protocol import Fold
from ferkit.experiment.epoch_rows import Row
from ferkit.experiment.parts.part import Part
from ferkit.experiment.parts.watch import PartWatch
from ferkit.experiment.parts.worker import NotesProgress
from ferkit.experiment.progress import NullProgress
from ferkit.experiment.run_dir import RunDir

FOLD = Fold(1, 0, np.arange(2), np.arange(2))


class Seen(NullProgress):
    def __init__(self) -> None:
        self.seen: list[object] = []

    def note(self, text: str) -> None:
        self.seen.append(text)

    def begin_part(self, name: str, title: str) -> None:
        self.seen.append(title)

    def part_epoch(self, name: str, fold: Fold, number: int, folds: int, row: Row) -> None:
        self.seen.append((number, folds, row["epoch"]))


def test_new_epochs_and_warnings_are_reported_once(tmp_path: Path) -> None:
    part, progress = Part("repeat1_fold0", 3, [FOLD]), Seen()
    folder = tmp_path / "parts" / "repeat1_fold0"
    watch = PartWatch(tmp_path, part, progress, 4)
    watch.report()
    assert progress.seen == []
    folder.mkdir(parents=True)
    rows = [{"repeat": 1, "fold": 0, "epoch": number} for number in (1, 2)]
    RunDir(folder).write_rows(rows)
    notes = folder / "notes.jsonl"
    notes.write_text('"torn')  # by a worker that died
    for _ in range(2):
        watch.report()
    assert progress.seen == ["repeat 2, fold 1", (3, 4, 1), (3, 4, 2)]
    notes.write_text('"torn"slow"\n')
    NotesProgress(notes).note("slow")
    watch.report()
    assert progress.seen[3:] == ["slow"]
    again = Seen()
    PartWatch(tmp_path, part, again, 4).report()
    assert again.seen == ["repeat 2, fold 1"]
