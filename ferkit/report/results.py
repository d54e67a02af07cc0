"""What a run's folder says, read back."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from ferkit.errors import RunError


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class over all test folds and repeats. precision and recall in 0..1; images: predictions made."""

    label: str
    precision: float
    recall: float
    images: int


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Every test image's true and predicted label, over all cells, under one choice of epochs."""

    labels: Sequence[str]
    truth: Sequence[str]
    predicted: Sequence[str]

    def confusion(self) -> NDArray[np.int64]:
        """(labels, labels) counts: rows are the true class, columns the predicted one."""
        counts: NDArray[np.int64] = confusion_matrix(self.truth, self.predicted, labels=list(self.labels))
        return counts

    def class_scores(self) -> list[ClassScore]:
        precision, recall, _, images = precision_recall_fscore_support(
            self.truth, self.predicted, labels=list(self.labels), zero_division=0
        )
        columns = zip(self.labels, precision.tolist(), recall.tolist(), images.tolist(), strict=True)
        return [ClassScore(*column) for column in columns]


def read_summary(run_dir: Path) -> dict[str, Any]:
    """Raises RunError where the run is not finished or its summary is broken."""
    file = run_dir / "summary.json"
    if not file.exists():
        raise RunError(
            f"{file} is missing: the run is not finished. Go on with it: ferkit run RECIPE --resume"
        )
    return _as_object(file)


def read_environment(run_dir: Path) -> dict[str, Any]:
    file = run_dir / "environment.json"
    return _as_object(file) if file.exists() else {}


def _as_object(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{file} can't be read: {error}. Run the recipe again.") from error
    if not isinstance(content, dict):
        raise RunError(f"{file} holds no JSON object. Run the recipe again.")
    return content


def read_metrics(run_dir: Path) -> list[dict[str, Any]]:
    """One entry for each epoch of each cell."""
    file = run_dir / "metrics.jsonl"
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise RunError(f"{file} can't be read: {error}. Run the recipe again.") from error


def read_predictions(run_dir: Path, which: str, labels: Sequence[str]) -> Predictions:
    """which: "best" or "last". Raises RunError where a cell has none."""
    truth: list[str] = []
    predicted: list[str] = []
    for cell in sorted((run_dir / "cells").glob("*")):
        file = cell / f"predictions_{which}.csv"
        try:
            with file.open(newline="", encoding="utf-8", errors="surrogateescape") as lines:
                rows = list(csv.DictReader(lines))
            truth += [row["label"] for row in rows]
            predicted += [row["predicted"] for row in rows]
        except (OSError, KeyError) as error:
            raise RunError(f"{file} can't be read: {error}. Run the recipe again.") from error
    return Predictions(labels, truth, predicted)
