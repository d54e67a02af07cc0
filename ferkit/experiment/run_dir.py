"""The only writer of a run's folder."""

from __future__ import annotations

import csv
import difflib
import io
import json
import os
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
from ferkit.evaluation.run_files import folds_dir, with_new_options
from ferkit.evaluation.summary import Summary
from ferkit.interfaces import Epoch, Face, Sample
from ferkit.runtime.atomic_write import remove_written, write_png, write_text
from ferkit.runtime.escape import csv_cell, csv_row, from_csv_cell

PREDICTION_COLUMNS = ("path", "label", "predicted")
"""Of predictions_*.csv, before a column for each label."""


class RunDir:
    """A run's files: what went in, what came of every epoch, and how it ended.

    recipe.toml, environment.json, resumed.jsonl where it was gone on with under another environment,
    manifest.csv, a manifest_<name>.csv of each further data set that is learnt from, metrics.jsonl,
    summary.json, and for each fold of each repeat folds/<fold>/: pictures/, model.safetensors,
    finished.json and, while it is trained, state.pt; predictions_best.csv and predictions_last.csv where
    every epoch is evaluated on the test images; predictions_test.csv, predictions_validation.csv and
    choice.json where validation images choose. Candidates of a grid have finished.json and state.pt in
    folders of their own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path / ".lock")

    @classmethod
    def create(cls, path: Path, recipe: str) -> RunDir:
        """A new folder, or one whose run ended before any training. Raises RunError where there is a run."""
        if os.path.exists(path / "metrics.jsonl") or os.path.exists(path / "summary.json"):
            raise RunError(f"{path} holds a run already. Go on with it by --resume, or give another --out.")
        run_dir = cls(path)
        run_dir._open()
        for file in (*path.glob("manifest*.csv"), path / "environment.json", path / "resumed.jsonl"):
            file.unlink(missing_ok=True)
        write_text(path / "recipe.toml", recipe)
        return run_dir

    @classmethod
    def resume(cls, path: Path, recipe: str) -> RunDir:
        """A folder to go on with. Raises RunError where there is no run, or one of another recipe."""
        file = path / "recipe.toml"
        if not os.path.exists(file):
            raise RunError(f"there is no run to go on with in {path}: {file.name} is missing")
        stored, recipe = with_new_options(file.read_text(encoding="utf-8")), with_new_options(recipe)
        if stored != recipe:
            raise RunError(
                f"{path} was begun with another recipe, so its numbers can't be gone on with:\n"
                f"{_difference(stored, recipe)}\nGive the recipe and the --set that it was begun with."
            )
        run_dir = cls(path)
        run_dir._open()
        return run_dir

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others write here."""
        self._lock.release()

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """Record what training goes on under: the first start's alone, a later one's where it is another."""
        file = self.path / "environment.json"
        if not file.exists():
            write_text(file, json.dumps(environment, indent=2) + "\n")
        elif dict(environment) not in (known := self._environments()):
            lines = "".join(json.dumps(one) + "\n" for one in [*known[1:], environment])
            write_text(self.path / "resumed.jsonl", lines)

    def environment_changes(self) -> list[str]:
        """A sentence for each thing in which a later start differed from the first."""
        first, *later = self._environments() or [{}]
        changes = [(k, one[k], first.get(k)) for one in later for k in one if one[k] != first.get(k)]
        return [f"Gone on with under another {key}: {now}, begun under {then}" for key, now, then in changes]

    def _environments(self) -> list[dict[str, Any]]:
        files = [self.path / "environment.json", self.path / "resumed.jsonl"]
        first, later = (file.read_text(encoding="utf-8") if file.exists() else "" for file in files)
        return [json.loads(text) for text in [first, *later.splitlines()] if text]

    def write_manifest(
        self, faces: Sequence[Face], skipped: Sequence[tuple[Sample, str]], name: str = ""
    ) -> None:
        """The images by name, label, hash and box; name: of the data set, where it is not the run's own.

        Raises RunError where a run had others before.
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
                f"the images or their boxes are not those that {file} lists, so this run can't go "
                "on. Restore them, or begin a new run."
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
        """Add an epoch's numbers; the same epoch or a later one recorded before is forgotten.

        faces: those that the fold watches. Whether the epoch is the fold's best by the measure so far,
        among all candidates.
        """
        kept = [row for row in self._metrics() if not _is_at_or_after(row, fold, epoch.number)]
        row = _epoch_row(fold, epoch, scores)
        before = [EpochScore.of_row(one).merit(measure) for one in kept if _is_of_fold(one, fold)]
        is_best = all(EpochScore.of_row(row).merit(measure) > merit for merit in before)
        lines = "".join(json.dumps(one) + "\n" for one in [*kept, row])
        write_text(self.path / "metrics.jsonl", lines)
        if fold.validation is None:
            table = predictions_table(faces, labels, epoch.probabilities)
            write_text(self.training_dir(fold) / "predictions_last.csv", table)
            if is_best:
                write_text(self.training_dir(fold) / "predictions_best.csv", table)
        return is_best

    def keep_pictures(self, fold: Fold, epoch: Epoch) -> None:
        """As PNGs in the fold's folder, named after the epoch."""
        for name, pixels in epoch.pictures.items():
            file = self.training_dir(fold) / "pictures" / f"{name}_epoch{epoch.number:03}.png"
            write_png(file, pixels)

    def record_choice(self, fold: Fold, choice: Mapping[str, Any], **tables: str) -> None:
        """Keep what the best epoch so far predicts, replacing what an earlier one did.

        choice: the epoch and what goes with it; tables: name -> what `predictions_table` makes.
        """
        for name, table in tables.items():
            write_text(self.fold_dir(fold) / f"predictions_{name}.csv", table)
        write_text(self.fold_dir(fold) / "choice.json", json.dumps(choice) + "\n")

    def has_epochs(self, fold: Fold) -> bool:
        return any(_is_at_or_after(row, fold, 0) for row in self._metrics())

    def choice(self, fold: Fold) -> dict[str, Any]:
        """What `record_choice` was told last; nothing where there are no validation images."""
        file = self.fold_dir(fold) / "choice.json"
        if not file.exists():
            return {}
        choice: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return choice

    def epoch_scores(self) -> list[EpochScore]:
        return [EpochScore.of_row(row) for row in self._metrics()]

    def training_seconds(self) -> float:
        return float(sum(row["seconds"] for row in self._metrics()))

    def finish_fold(self, fold: Fold, facts: Mapping[str, Any]) -> None:
        """Mark a fold as trained to its end; the state to go on from is no longer needed."""
        write_text(self.training_dir(fold) / "finished.json", json.dumps(facts) + "\n")
        remove_written(self.state_file(fold))

    def finished(self, fold: Fold) -> dict[str, Any] | None:
        """What `finish_fold` was told, or None where the fold is still to be trained."""
        file = self.training_dir(fold) / "finished.json"
        if not file.exists():
            return None
        remove_written(self.state_file(fold))  # where it died between the two
        facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return facts

    def write_summary(self, summary: Summary) -> None:
        write_text(self.path / "summary.json", json.dumps(summary.as_table(), indent=2) + "\n")

    def training_dir(self, fold: Fold) -> Path:
        """Of one training."""
        return folds_dir(self.path) / fold.name

    def fold_dir(self, fold: Fold) -> Path:
        """Of what the candidates of one fold have in common: what was chosen."""
        return folds_dir(self.path) / fold.directory

    def state_file(self, fold: Fold) -> Path:
        return self.training_dir(fold) / "state.pt"

    def _open(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise RunError(f"another ferkit is at work in {self.path}; wait for it, or stop it") from None
        except OSError as error:
            raise RunError(f"can't write a run to {self.path}: {error}. Give another --out.") from error

    def _metrics(self) -> list[dict[str, Any]]:
        file = self.path / "metrics.jsonl"
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _epoch_row(fold: Fold, epoch: Epoch, scores: Scores) -> dict[str, Any]:
    """A line of metrics.jsonl."""
    return {
        "repeat": fold.repeat,
        "fold": fold.index,
        **({} if fold.candidate is None else {"candidate": fold.candidate}),
        "epoch": epoch.number,
        "watched": "test" if fold.validation is None else "validation",
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


def _describe(sample: Sample) -> list[str]:
    groups = json.dumps(dict(sorted(sample.groups.items())), ensure_ascii=False) if sample.groups else ""
    return csv_row([str(sample.path), sample.label, groups])


def _is_of_fold(row: Mapping[str, Any], fold: Fold) -> bool:
    return (row["repeat"], row["fold"]) == (fold.repeat, fold.index)


def _is_at_or_after(row: Mapping[str, Any], fold: Fold, epoch: int) -> bool:
    return _is_of_fold(row, fold) and row.get("candidate") == fold.candidate and row["epoch"] >= epoch


def predictions_table(
    faces: Sequence[Face], labels: Sequence[str], probabilities: NDArray[np.float64]
) -> str:
    """CSV: path, true and predicted label, a column of probabilities for each label."""
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
    lines = difflib.unified_diff(stored.splitlines(), given.splitlines(), "begun", "given", n=0, lineterm="")
    return "\n".join(f"  {line}" for line in lines if not line.startswith(("---", "+++", "@@")))
