"""The page of an evaluation. It needs no network and no other file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from ferkit.assess import text
from ferkit.assess.result import Evaluation
from ferkit.assess.shift.text import shift_tables
from ferkit.evaluation.metrics.calibration import reliability
from ferkit.messages import printable
from ferkit.report.figures.class_bars import draw_class_bars, tell_classes
from ferkit.report.figures.confusion import draw_confusion, tell_confusion
from ferkit.report.figures.figure import Picture, keep_picture
from ferkit.report.figures.reliability import draw_reliability, tell_reliability
from ferkit.report.figures.shift_curves import draw_shift_curves, tell_shift_curves
from ferkit.version import __version__


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of the page: `reliability` only with faces, `shift` only with changed images."""

    confusion: Picture
    classes: Picture
    reliability: Picture | None
    shift: Picture | None


def render_page(evaluation: Evaluation, folder: Path) -> str:
    """Write figures/*.png to a folder, and return the page, which has them too."""
    # The style sheet is that of the run report.
    loader = ChoiceLoader([PackageLoader("ferkit.assess", "."), PackageLoader("ferkit.report", ".")])
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["printable"] = printable
    return made.get_template("page.html").render(
        evaluation=evaluation,
        figures=draw_figures(evaluation, folder / "figures"),
        text=text,
        shift_tables=list(shift_tables(evaluation)) if evaluation.shift else [],
        version=__version__,
    )


def draw_figures(evaluation: Evaluation, folder: Path) -> Figures:
    """Draw the figures that the report of a run has too."""
    title = f"{printable(evaluation.data)}, {evaluation.images} images"
    columns = text.predicted_labels(evaluation)
    rows = [evaluation.confusion.get(label, dict.fromkeys(columns, 0)) for label in columns]
    counts = np.array([[row[name] for name in columns] for row in rows], dtype=np.int64)
    classes = [asdict(one) for one in evaluation.classes if one.label in columns]
    return Figures(
        keep_picture(
            folder / "confusion.png",
            draw_confusion(counts, columns, title),
            f"Confusion matrix. {title}. {tell_confusion(counts, columns)}",
        ),
        keep_picture(
            folder / "classes.png",
            draw_class_bars(classes, title),
            f"Recall and precision of each class. {title}. {tell_classes(classes)}",
        ),
        _draw_reliability(evaluation, folder, title),
        _draw_shift(evaluation, folder, title),
    )


def _draw_reliability(evaluation: Evaluation, folder: Path, title: str) -> Picture | None:
    seen = [one for one in evaluation.predictions if one.probabilities]
    if not seen:
        return None
    index = {label: place for place, label in enumerate(evaluation.labels)}
    true = np.array([index[one.label] for one in seen], dtype=np.intp)
    bins = reliability(true, np.array([one.probabilities for one in seen]))
    words = f"Reliability diagram. {title}. {tell_reliability(bins)}"
    return keep_picture(folder / "reliability.png", draw_reliability(bins, title), words)


def _draw_shift(evaluation: Evaluation, folder: Path, title: str) -> Picture | None:
    if not evaluation.shift:
        return None
    shifts = [asdict(one) for one in evaluation.shift]
    unchanged = {metric: one.value for metric, one in evaluation.scores.items()}
    words = f"Scores on changed images. {title}. {tell_shift_curves(shifts)}"
    return keep_picture(folder / "shift.png", draw_shift_curves(shifts, unchanged, title), words)
