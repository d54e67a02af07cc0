"""Read the files of a run folder."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ferkit.errors import RunError
from ferkit.evaluation.summary import Summary
from ferkit.messages import quote
from ferkit.runtime.escape import from_csv_cell

AGAIN = "Run the recipe again."
FOLDS, FOLDS_BEFORE = "folds", "cells"
"""Folder with one folder for each fold, and its name in runs of earlier versions."""
REFIT = "refit"
"""Folder of the network that all images trained, next to the folder of the folds."""
PARTS = "parts"
"""Folder of the trainings that other processes do, until they are merged into the run."""
WARNINGS, WARNINGS_BEFORE = "warnings", "notices"
SIDE_BY_SIDE = "protocols.json"
"""File of a folder with a run for each protocol. It lists the run folders."""
COPIES = re.compile(r'^(\[faces\]\n(?:[^\[\n].*\n)*?)copies = "(keep|leave_out)"$', re.MULTILINE)
"""The option `duplicates` in the recipe of a run of an earlier version."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """The predictions of a fold.

    Attributes:
        labels: The labels, in order.
        paths: Path of each image.
        truth: True label of each image.
        probabilities: (images, labels), columns in the order of the labels.
    """

    labels: Sequence[str]
    paths: Sequence[str]
    truth: Sequence[str]
    probabilities: NDArray[np.float64]

    @property
    def predicted(self) -> list[str]:
        """Predicted label of each image."""
        return [self.labels[index] for index in self.probabilities.argmax(axis=1)]

    @property
    def true_indices(self) -> NDArray[np.intp]:
        """Index of the true label of each image."""
        return np.array([list(self.labels).index(label) for label in self.truth], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """A row of manifest.csv. `box` is its text, or "" if no face was found."""

    path: str
    label: str
    groups: Mapping[str, str]
    sha256: str
    box: str


def folds_dir(run_dir: Path) -> Path:
    """Return the folder with one folder for each fold, also for runs of earlier versions."""
    before = run_dir / FOLDS_BEFORE
    return before if before.is_dir() and not (run_dir / FOLDS).exists() else run_dir / FOLDS


def network_dir(run_dir: Path, name: str) -> Path:
    """Return the folder of a network: of a fold ("repeat0_fold1"), or "refit"."""
    return run_dir / REFIT if name == REFIT else folds_dir(run_dir) / name


def network_files(run_dir: Path) -> list[Path]:
    """List the files of a run's networks: the refit one, then those of the folds."""
    places = [run_dir / REFIT, *sorted(folds_dir(run_dir).glob("*"))]
    return [file for place in places if (file := place / "model.safetensors").is_file()]


def _with_new_keys(table: dict[str, Any]) -> dict[str, Any]:
    """Rename old keys in a summary or a row of metrics.jsonl."""
    return {WARNINGS if key == WARNINGS_BEFORE else key: value for key, value in table.items()}


def with_new_options(recipe: str) -> str:
    """Rename old options in the text of a run's recipe.toml."""
    values = {"keep": "keep", "leave_out": "drop"}
    return COPIES.sub(lambda found: f'{found[1]}duplicates = "{values[found[2]]}"', recipe)


def read_summary(run_dir: Path) -> Summary:
    """Read summary.json. Raises RunError if the run is not finished or the file is broken."""
    file = run_dir / "summary.json"
    if not run_dir.is_dir():
        raise RunError(f"there is no run in {run_dir}: no such folder")
    if not file.exists() and (run_dir / SIDE_BY_SIDE).exists():
        runs = ", ".join(sorted(quote(found.parent) for found in run_dir.glob("*/recipe.toml"))) or "none"
        raise RunError(f"{run_dir} holds a run for each protocol. Name one of them: {runs}")
    if not file.exists():
        raise RunError(
            f"{file} is missing: the run is not finished. Resume it: ferkit run RECIPE --out "
            f"{quote(run_dir)} --resume"
        )
    try:
        summary = Summary.model_validate(_with_new_keys(_as_object(file)))
    except ValidationError as error:
        wrong = error.errors()
        if lacking := [".".join(map(str, one["loc"])) for one in wrong if one["type"] == "missing"]:
            raise RunError(f"{file} has no key {', '.join(lacking)}. {AGAIN}") from error
        key = ".".join(map(str, wrong[0]["loc"]))
        raise RunError(f"{file} can't be read: {key}: {wrong[0]['msg']}. {AGAIN}") from error
    counted = () if summary.protocol.get("name") == "holdout" else (("folds", int),)
    for key, kind in (("name", str), ("repeats", int), *counted):
        if not isinstance(summary.protocol.get(key), kind):
            raise RunError(f"{file} has no usable protocol.{key}. {AGAIN}")
    return summary


def is_finished(run_dir: Path) -> bool:
    """Return True if the run has a summary."""
    return (run_dir / "summary.json").exists()


def read_environment(run_dir: Path) -> dict[str, Any]:
    file = run_dir / "environment.json"
    return _as_object(file) if file.exists() else {}


def read_choice(run_dir: Path, fold: str) -> dict[str, Any]:
    """Read the epoch, settings and temperature that validation images selected for a fold, or of "refit"."""
    return _as_object(network_dir(run_dir, fold) / "choice.json")


def read_resolved(run_dir: Path) -> dict[str, Any]:
    """Read the recipe of the run, with all defaults."""
    file = run_dir / "recipe.toml"
    try:
        return tomllib.loads(with_new_options(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{file} can't be read: {error}. {AGAIN}") from error


def _as_object(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{file} can't be read: {error}. {AGAIN}") from error
    if not isinstance(content, dict):
        raise RunError(f"expected a JSON object in {file}, got another value. {AGAIN}")
    return content


def read_settings(run_dir: Path, fold: str) -> dict[str, Any]:
    """Read the settings of a trial of a search. Empty if there are none yet."""
    file = folds_dir(run_dir) / fold / "settings.json"
    return _as_object(file) if file.exists() else {}


def read_metrics(run_dir: Path) -> list[dict[str, Any]]:
    """Read one row for each epoch of each fold."""
    file = run_dir / "metrics.jsonl"
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        rows = [_with_new_keys(json.loads(line)) for line in lines]
        checked = [_Metrics.model_validate(row) for row in rows]
        _check_same_keys(checked)
        return rows
    except ValidationError as error:
        key, message = ".".join(map(str, error.errors()[0]["loc"])), error.errors()[0]["msg"]
        raise RunError(f"{file} can't be read: {key}: {message}. {AGAIN}") from error
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise RunError(f"{file} can't be read: {error}. {AGAIN}") from error


class _Metrics(BaseModel):
    """The keys of metrics.jsonl that every run has."""

    model_config = ConfigDict(strict=True, defer_build=True)

    repeat: int = Field(ge=0)
    fold: int = Field(ge=0)
    epoch: int = Field(ge=0)
    accuracy: float = Field(ge=0, le=1)
    mean_recall: float = Field(ge=0, le=1)
    seconds: float = Field(ge=0, allow_inf_nan=False)
    nll: float | None = None
    train_loss: float | None = None
    train_accuracy: float | None = None
    validation_loss: float | None = None
    learning_rate: float | None = None
    candidate: int | None = Field(default=None, ge=0)


COURSES = ("train_loss", "train_accuracy", "validation_loss", "learning_rate", "nll")
"""Numbers that a run has for every epoch, or for none."""


def _check_same_keys(rows: Sequence[_Metrics]) -> None:
    """Raises ValueError if an epoch lacks a number that another one has."""
    for key in COURSES:
        lacking = [number for number, row in enumerate(rows, start=1) if getattr(row, key) is None]
        if 0 < len(lacking) < len(rows):
            raise ValueError(f"line {lacking[0]} has no {key}, which other lines have")


def read_predictions(file: Path, labels: Sequence[str]) -> Predictions:
    """Read a fold's predictions_*.csv, with columns by name. Raises RunError."""
    rows = _rows(file)
    try:
        probabilities = [[float(row[label]) for label in labels] for row in rows]
        paths, truth = [row["path"] for row in rows], [row["label"] for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{file} can't be read: no usable column {error}. {AGAIN}") from error
    if unknown := sorted(set(truth) - set(labels)):
        raise RunError(
            f"{file} has the labels {', '.join(unknown)}, but the run has {', '.join(labels)}. {AGAIN}"
        )
    if not rows:
        raise RunError(f"{file} has no predictions. {AGAIN}")
    if not np.isfinite(probabilities).all():
        raise RunError(f"{file} has probabilities that are not finite. {AGAIN}")
    return Predictions(labels, paths, truth, np.array(probabilities).reshape(len(rows), len(labels)))


def read_images(run_dir: Path, dataset: str = "") -> list[ImageRecord]:
    """Read manifest.csv of a run, without skipped images, or that of a further dataset of its estimator."""
    file = run_dir / (f"manifest_{dataset}.csv" if dataset else "manifest.csv")
    try:
        return [
            ImageRecord(row["path"], row["label"], _groups(row["groups"]), row["sha256"], row["box"])
            for row in _rows(file)
            if not row["problem"]
        ]
    except (KeyError, ValueError, AttributeError) as error:
        raise RunError(f"{file} can't be read: {error}. {AGAIN}") from error


def join(several: Sequence[Predictions]) -> Predictions:
    """Concatenate predictions."""
    return Predictions(
        several[0].labels,
        [path for one in several for path in one.paths],
        [label for one in several for label in one.truth],
        np.concatenate([one.probabilities for one in several]),
    )


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(newline="", encoding="utf-8", errors="surrogateescape") as lines:
            reader = csv.DictReader(lines, restkey="")
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, csv.Error) as error:
        raise RunError(f"{file} can't be read: {error}. {AGAIN}") from error
    for line, row in rows:
        if not all(isinstance(text, str) for text in row.values()):
            raise RunError(
                f"{file} can't be read: line {line} has more or fewer cells than the first line. {AGAIN}"
            )
    return [{from_csv_cell(name): from_csv_cell(text) for name, text in row.items()} for _, row in rows]


def _groups(text: str) -> dict[str, str]:
    """Parse groups: JSON, or "movie=Title clip=Title_001" of earlier versions."""
    if text.startswith("{"):
        found: dict[str, str] = json.loads(text)
        return found
    return dict(re.findall(r"(\w+)=(.*?)(?= \w+=|$)", text))
