"""The rows of metrics.jsonl: one for each epoch of each training."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferkit.evaluation.metrics.scores import Scores
from ferkit.evaluation.protocol import Fold
from ferkit.interfaces import Epoch
from ferkit.runtime.atomic_write import write_text

Row = dict[str, Any]


def epoch_row(fold: Fold, epoch: Epoch, scores: Scores) -> Row:
    """Return the row of an epoch."""
    return {
        "repeat": fold.repeat,
        "fold": fold.index,
        **({} if fold.candidate is None else {"candidate": fold.candidate}),
        **epoch_values(epoch, scores, "test" if fold.validation is None else "validation"),
    }


def epoch_values(epoch: Epoch, scores: Scores, monitored: str) -> Row:
    """Return the values of an epoch in its row. `monitored` is "test" or "validation"."""
    return {
        "epoch": epoch.number,
        "watched": monitored,
        "train_loss": epoch.train_loss,
        "train_accuracy": epoch.train_accuracy,
        "validation_loss": epoch.validation_loss,
        "accuracy": scores.accuracy,
        "mean_recall": scores.mean_recall,
        "nll": scores.nll,
        "learning_rate": epoch.learning_rate,
        "seconds": epoch.seconds,
        **({"details": dict(epoch.details)} if epoch.details else {}),
        **({"warnings": list(epoch.warnings)} if epoch.warnings else {}),
    }


def read_rows(file: Path) -> list[Row]:
    """Return all rows. Empty without a file."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def write_rows(file: Path, rows: Sequence[Row]) -> None:
    """Write all rows, in the order in which one process would train them."""
    lines = [json.dumps(row) + "\n" for row in sorted(rows, key=_place)]
    write_text(file, "".join(lines))


def is_of_fold(row: Mapping[str, Any], fold: Fold) -> bool:
    """Return True if the row belongs to the fold, with any candidate."""
    return (row["repeat"], row["fold"]) == (fold.repeat, fold.index)


def is_of_training(row: Mapping[str, Any], fold: Fold) -> bool:
    """Return True if the row belongs to this candidate of the fold."""
    return is_of_fold(row, fold) and row.get("candidate") == fold.candidate


def _place(row: Mapping[str, Any]) -> tuple[int, ...]:
    return row["repeat"], row["fold"], row.get("candidate", 0), row["epoch"]
