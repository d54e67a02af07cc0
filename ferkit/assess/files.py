"""Write the files of an evaluation: predictions.csv, evaluation.json and the page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ferkit.assess.page import render_page
from ferkit.assess.result import Evaluation
from ferkit.errors import RunError
from ferkit.runtime.atomic_write import write_text
from ferkit.runtime.escape import csv_row
from ferkit.version import __version__

PREDICTIONS, SUMMARY, PAGE = "predictions.csv", "evaluation.json", "evaluation.html"


def write_evaluation(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write the files and figures to a folder.

    Returns:
        The paths of predictions.csv, evaluation.json and evaluation.html.

    Raises:
        RunError: A file cannot be written.
    """
    check_folder(folder)
    files = [folder / name for name in (PREDICTIONS, SUMMARY, PAGE)]
    try:
        write_text(files[0], _as_csv(evaluation))
        summary = {"ferkit": __version__, **evaluation.as_table()}
        write_text(files[1], json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
        write_text(files[2], render_page(evaluation, folder))
    except RunError as error:
        raise RunError(f"Cannot write --out {folder}: {error.__cause__}. Give a writable folder.") from error
    return files


def check_folder(folder: Path) -> None:
    """Raise RunError if the path is a file, or a folder with other content."""
    if folder.is_dir():
        if (folder / SUMMARY).exists() or not any(folder.iterdir()):
            return
        raise RunError(f"Cannot write --out {folder}: the folder holds other files. Give a new folder.")
    if folder.exists():
        raise RunError(f"Cannot write --out {folder}: it is a file. Give a folder.")


def _as_csv(evaluation: Evaluation) -> str:
    """One row for each image: path, label, predicted, p_<label>. Probabilities are empty without a face."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(csv_row(row) for row in _rows(evaluation))
    return text.getvalue()


def _rows(evaluation: Evaluation) -> Iterator[list[Any]]:
    kinds = sorted({kind for one in evaluation.predictions for kind in one.groups})
    probabilities = [f"p_{label}" for label in evaluation.labels]
    yield ["path", "label", "predicted", *probabilities, "trained_on", *(f"group_{kind}" for kind in kinds)]
    for one in evaluation.predictions:
        filled = one.probabilities or [""] * len(evaluation.labels)
        is_trained_on = "" if evaluation.trained_on is None else str(one.is_trained_on).lower()
        groups = [one.groups.get(kind, "") for kind in kinds]
        yield [one.path, one.label, one.predicted, *filled, is_trained_on, *groups]
