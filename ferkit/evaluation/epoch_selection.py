"""Epoch selection: which epoch is reported, and whether test images selected it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from ferkit.evaluation.protocol_options import Measure

CHOSEN_FILE = "predictions_test.csv"


@dataclass(frozen=True, slots=True)
class EpochScore:
    """Scores of an epoch on the monitored images of its fold. Epochs count from 1, candidates from 0."""

    repeat: int
    fold: int
    epoch: int
    accuracy: float
    mean_recall: float
    nll: float | None = None
    candidate: int | None = None

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> EpochScore:
        """Convert a row of metrics.jsonl."""
        return cls(
            repeat=row["repeat"],
            fold=row["fold"],
            epoch=row["epoch"],
            accuracy=row["accuracy"],
            mean_recall=row["mean_recall"],
            nll=row.get("nll"),
            candidate=row.get("candidate"),
        )

    def merit(self, measure: Measure) -> tuple[float, float]:
        """Return a key for comparison: higher is better. A lower NLL breaks ties."""
        certainty = -self.nll if self.nll is not None else 0.0
        values = {"accuracy": self.accuracy, "mean_recall": self.mean_recall, "nll": certainty}
        return values[measure], certainty


@dataclass(frozen=True, slots=True)
class EpochSelection:
    """The selected epoch of every fold.

    Attributes:
        title: Description in reports.
        selected_on_test: True if labels of test images selected the epoch, which makes the score optimistic.
        file: File of the predictions, or None if they are not saved.
        chosen: Scores of the selected epoch, by repeat and fold.
    """

    title: str
    selected_on_test: bool
    file: str | None
    chosen: Sequence[Sequence[EpochScore]]


def epoch_selections(scores: Sequence[EpochScore], choose_by: Measure | None) -> Mapping[str, EpochSelection]:
    """Return the epoch selections (docs/ambiguities.md, 13), first the one without test images.

    There is only one selection with validation images, or if every fold has one epoch.

    Args:
        scores: Scores of all epochs.
        choose_by: Measure on the validation images, or None without validation images.
    """
    repeats: dict[int, dict[int, list[EpochScore]]] = {}
    for one in sorted(scores, key=lambda one: (one.candidate or 0, one.epoch)):
        repeats.setdefault(one.repeat, {}).setdefault(one.fold, []).append(one)
    runs = [[folds[fold] for fold in sorted(folds)] for _, folds in sorted(repeats.items())]
    is_single = all(len(fold) == 1 for run in runs for fold in run)
    if choose_by:
        chosen = [[best_of(fold, choose_by) for fold in run] for run in runs]
        how = "One fit; no epoch was chosen" if is_single else "Epoch chosen on validation images"
        title = f"{how}; test images scored once"
        return {"chosen_epoch": EpochSelection(title, False, CHOSEN_FILE, chosen)}
    best = [[best_of(fold, "accuracy") for fold in run] for run in runs]
    common = [max(zip(*run, strict=False), key=lambda row: mean(o.accuracy for o in row)) for run in runs]
    last = [[fold[-1] for fold in run] for run in runs]
    if is_single:
        return {
            "last_epoch": EpochSelection("One fit; no epoch was chosen", False, "predictions_last.csv", last)
        }
    return {
        "last_epoch": EpochSelection("Last epoch", False, "predictions_last.csv", last),
        "best_epoch": EpochSelection(
            "Best epoch of each fold, chosen on the test fold", True, "predictions_best.csv", best
        ),
        "best_common_epoch": EpochSelection(
            "Best epoch of all folds together, chosen on the test folds", True, None, common
        ),
    }


def best_of(scores: Sequence[EpochScore], measure: Measure) -> EpochScore:
    """Return the best epoch by the measure. The earliest wins a tie."""
    return max(scores, key=lambda one: one.merit(measure))
