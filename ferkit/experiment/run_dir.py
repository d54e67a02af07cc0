"""The run folder, with the only code that writes to it."""

from __future__ import annotations

import csv
import difflib
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ferkit.errors import RunError
from ferkit.evaluation.epoch_selection import EpochScore
from ferkit.evaluation.metrics.scores import Scores, predict_labels
from ferkit.evaluation.protocol import Fold
from ferkit.evaluation.protocol_options import Measure
from ferkit.evaluation.run_files import PARTS, folds_dir, with_new_options
from ferkit.evaluation.summary import Summary
from ferkit.experiment.environment_changes import describe_changes
from ferkit.experiment.epoch_rows import Row, epoch_row, is_of_fold, is_of_training, read_rows, write_rows
from ferkit.experiment.refit_dir import RefitDir
from ferkit.interfaces import Epoch, Face, Sample
from ferkit.runtime.atomic_write import remove_parts, remove_written, write_png, write_text
from ferkit.runtime.escape import csv_cell, csv_row, from_csv_cell

PREDICTION_COLUMNS = ("path", "label", "predicted")
"""Columns of predictions_*.csv before the columns of the labels."""


class RunDir:
    """The files of a run.

    - recipe.toml, environment.json, manifest.csv (manifest_<name>.csv for each further dataset of an
      estimator), metrics.jsonl, summary.json; resumed.jsonl if it was resumed in another environment.
    - folds/<fold>/ for each fold of each repeat: model.safetensors, finished.json, images of the estimator,
      and state.pt during training. With validation images: predictions_test.csv, predictions_validation.csv
      and choice.json. Without: predictions_best.csv and predictions_last.csv.
    - folds/<fold>_candidate<n>/ for each candidate of a grid or trial of a search; refit/; tracking/.
    - parts/<name>/ for each training in a process of its own, until it is merged. It is a run folder too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.refit = RefitDir(path)
        self._lock = FileLock(path / ".lock")

    @classmethod
    def create(cls, path: Path, recipe: str, *, keeps_parts: bool = False) -> RunDir:
        """Create a run folder, or reuse one without any epoch. Raises RunError if it contains a run.

        Args:
            path: The run folder.
            recipe: The resolved recipe.
            keeps_parts: Keep the parts that other processes have trained for this run.
        """
        used = ["metrics.jsonl", "summary.json", *([] if keeps_parts else [f"{PARTS}/*/recipe.toml"])]
        if any(any(path.glob(one)) for one in used):
            raise RunError(f"{path} contains a run already. Resume it with --resume, or use another --out.")
        run_dir = cls(path)
        run_dir._open()
        stale = [path / "environment.json", path / "resumed.jsonl", path / "tracking" / "runs.json"]
        for file in (*path.glob("manifest*.csv"), *path.glob("folds/*/settings.json"), *stale):
            file.unlink(missing_ok=True)
        run_dir.refit.withdraw()
        if not keeps_parts:
            shutil.rmtree(path / PARTS, ignore_errors=True)
        write_text(path / "recipe.toml", recipe)
        return run_dir

    @classmethod
    def resume(cls, path: Path, recipe: str, wait: float = 0) -> RunDir:
        """Open a run folder for resuming. Raises RunError if there is no run, or the recipe has changed.

        Args:
            path: The run folder.
            recipe: The resolved recipe.
            wait: Seconds to wait for another process that uses the folder.
        """
        check_recipe(path, recipe)
        run_dir = cls(path)
        run_dir._open(wait)
        remove_parts(path, skip=PARTS)
        return run_dir

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the lock."""
        self._lock.release()

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """Save the environment of the first start, and of later starts if it differs."""
        file = self.path / "environment.json"
        if not file.exists():
            write_text(file, json.dumps(environment, indent=2) + "\n")
        elif dict(environment) not in (known := self.environments()):
            lines = "".join(json.dumps(one) + "\n" for one in [*known[1:], environment])
            write_text(self.path / "resumed.jsonl", lines)

    def environment_changes(self) -> list[str]:
        """Return a sentence for each difference between a later start and the first."""
        return describe_changes(self.environments())

    def environments(self) -> list[dict[str, Any]]:
        """Return the environments of all starts, the first one first."""
        files = [self.path / "environment.json", self.path / "resumed.jsonl"]
        first, later = (file.read_text(encoding="utf-8") if file.exists() else "" for file in files)
        return [json.loads(text) for text in [first, *later.splitlines()] if text]

    def write_manifest(
        self, faces: Sequence[Face], skipped: Sequence[tuple[Sample, str]], name: str = ""
    ) -> None:
        """Write the images with path, label, hash and box. `name` is the name of a further dataset.

        Raises:
            RunError: A resumed run had other images or boxes before.
        """
        rows = [["path", "label", "groups", "sha256", "box", "score", "problem"]]
        for face in faces:
            box = " ".join(f"{edge:.1f}" for edge in face.box) if face.box else ""
            score = "" if face.score is None else f"{face.score:.6f}"
            rows.append([*_describe(face.sample), face.sha256, box, score, ""])
        rows += [[*_describe(sample), "", "", "", csv_cell(problem)] for sample, problem in skipped]
        file = self.path / (f"manifest_{name}.csv" if name else "manifest.csv")
        text = _csv(rows)
        before = file.read_text(encoding="utf-8", errors="surrogateescape") if file.exists() else text
        if before not in (text, _csv([list(map(from_csv_cell, row)) for row in rows])):
            raise RunError(
                f"Cannot resume this run: images or boxes differ from {file}. Restore them, or start a new "
                "run."
            )
        write_text(file, text)

    def record_epoch(
        self,
        fold: Fold,
        epoch: Epoch,
        scores: Scores,
        faces: Sequence[Face],
        labels: Sequence[str],
        measure: Measure = "accuracy",
    ) -> bool:
        """Save an epoch with its scores on the monitored faces, and remove later epochs of a resumed fold.

        Returns:
            True if it is the best epoch of the fold so far, among all candidates.
        """
        first = epoch.number
        kept = [row for row in self.rows() if not (is_of_training(row, fold) and row["epoch"] >= first)]
        row = epoch_row(fold, epoch, scores)
        before = [EpochScore.of_row(one).merit(measure) for one in kept if is_of_fold(one, fold)]
        is_best = all(EpochScore.of_row(row).merit(measure) > merit for merit in before)
        self.write_rows([*kept, row])
        if fold.validation is None:
            table = predictions_table(faces, labels, epoch.probabilities)
            write_text(self.training_dir(fold) / "predictions_last.csv", table)
            if is_best:
                write_text(self.training_dir(fold) / "predictions_best.csv", table)
        return is_best

    def keep_pictures(self, fold: Fold, epoch: Epoch) -> None:
        """Save the images of an epoch as PNG files in the folder of the fold."""
        for name, pixels in epoch.pictures.items():
            file = self.training_dir(fold) / "pictures" / f"{name}_epoch{epoch.number:03}.png"
            write_png(file, pixels)

    def record_choice(self, fold: Fold, choice: Mapping[str, Any], **tables: str) -> None:
        """Save epoch, settings and temperature of the best epoch so far, with its predictions by name."""
        for name, table in tables.items():
            write_text(self.fold_dir(fold) / f"predictions_{name}.csv", table)
        write_text(self.fold_dir(fold) / "choice.json", json.dumps(choice) + "\n")

    def record_settings(self, fold: Fold, settings: Mapping[str, Any]) -> None:
        """Save the settings of a trial."""
        write_text(self.training_dir(fold) / "settings.json", json.dumps(settings) + "\n")

    def has_epochs(self, fold: Fold) -> bool:
        """Return True if an epoch of the fold is saved."""
        return bool(self.rows(fold))

    def choice(self, fold: Fold) -> dict[str, Any]:
        """Return the last choice of `record_choice`. Empty without validation images."""
        file = self.fold_dir(fold) / "choice.json"
        if not file.exists():
            return {}
        choice: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return choice

    def epoch_scores(self) -> list[EpochScore]:
        """Return the scores of all epochs."""
        return [EpochScore.of_row(row) for row in self.rows()]

    def training_seconds(self) -> float:
        """Return the duration of all epochs."""
        return float(sum(row["seconds"] for row in self.rows()))

    def finish_fold(self, fold: Fold, facts: Mapping[str, Any]) -> None:
        """Mark a fold as finished, and remove its state for resuming."""
        write_text(self.training_dir(fold) / "finished.json", json.dumps(facts) + "\n")
        remove_written(self.state_file(fold))

    def finished(self, fold: Fold) -> dict[str, Any] | None:
        """Return the argument of `finish_fold`, or None if the fold is not finished."""
        file = self.training_dir(fold) / "finished.json"
        if not file.exists():
            return None
        remove_written(self.state_file(fold))  # in case the process died in finish_fold
        facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return facts

    def rows(self, fold: Fold | None = None) -> list[Row]:
        """Return the rows of metrics.jsonl, or those of one training."""
        rows = read_rows(self.path / "metrics.jsonl")
        return rows if fold is None else [row for row in rows if is_of_training(row, fold)]

    def write_rows(self, rows: Sequence[Row]) -> None:
        """Replace the rows of metrics.jsonl."""
        write_rows(self.path / "metrics.jsonl", rows)

    def write_summary(self, summary: Summary) -> None:
        """Write summary.json."""
        write_text(self.path / "summary.json", json.dumps(summary.as_table(), indent=2) + "\n")

    def training_dir(self, fold: Fold) -> Path:
        """Return the folder of one training."""
        return folds_dir(self.path) / fold.name

    def fold_dir(self, fold: Fold) -> Path:
        """Return the folder with the choice of a fold, which all its candidates share."""
        return folds_dir(self.path) / fold.directory

    def state_file(self, fold: Fold) -> Path:
        """Return the path of the state for resuming."""
        return self.training_dir(fold) / "state.pt"

    def _open(self, wait: float = 0) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=wait)
        except Timeout:
            raise RunError(
                f"Cannot write to {self.path}: another ferkit process is using it. Wait for it, or stop it."
            ) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise RunError(f"Cannot write a run to {self.path}: {reason}. Use another --out.") from error


def check_recipe(path: Path, recipe: str) -> None:
    """Raise RunError if a run folder has another recipe, or none."""
    file = path / "recipe.toml"
    if not os.path.exists(file):
        raise RunError(f"Cannot resume {path}: {file.name} is missing. Start a new run without --resume.")
    stored, recipe = with_new_options(file.read_text(encoding="utf-8")), with_new_options(recipe)
    if stored != recipe:
        raise RunError(
            f"Cannot resume {path}: the recipe has changed. Differences:\n"
            f"{_difference(stored, recipe)}\nUse the recipe and the --set options of the first start."
        )


def _describe(sample: Sample) -> list[str]:
    groups = json.dumps(dict(sorted(sample.groups.items())), ensure_ascii=False) if sample.groups else ""
    return csv_row([str(sample.path), sample.label, groups])


def predictions_table(
    faces: Sequence[Face], labels: Sequence[str], probabilities: NDArray[np.float64]
) -> str:
    """Return CSV with path, true label, predicted label, and a column of probabilities for each label."""
    rows = [csv_row([*PREDICTION_COLUMNS, *labels])]
    predicted = predict_labels(probabilities, labels)
    for face, guess, row in zip(faces, predicted, probabilities, strict=True):
        texts = csv_row([str(face.sample.path), face.sample.label, guess])
        rows.append([*texts, *(f"{p:.9g}" for p in row)])
    return _csv(rows)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _difference(stored: str, given: str) -> str:
    lines = difflib.unified_diff(stored.splitlines(), given.splitlines(), n=0, lineterm="")
    return "\n".join(f"  {line}" for line in lines if not line.startswith(("---", "+++", "@@")))
