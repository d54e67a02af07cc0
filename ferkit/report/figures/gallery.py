"""Draw all figures of a run, each with an alternative text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ferkit.evaluation.epoch_selection import EpochScore, epoch_selections
from ferkit.evaluation.metrics.calibration import reliability
from ferkit.evaluation.run_files import Predictions, join
from ferkit.evaluation.scores import choice_measure, selection_predictions
from ferkit.evaluation.summary import Summary
from ferkit.report.figures.class_bars import draw_class_bars, tell_classes
from ferkit.report.figures.confusion import count_confusion, draw_confusion, draw_repeats, tell_confusion
from ferkit.report.figures.curves import (
    KEYS,
    detail_names,
    draw_curves,
    draw_details,
    tell_curves,
    tell_details,
)
from ferkit.report.figures.figure import Picture, keep_picture
from ferkit.report.figures.reliability import draw_reliability, tell_reliability


@dataclass(frozen=True, slots=True)
class ReadingFigures:
    """Figures of one epoch selection. `repeats` is None if there is one repeat only."""

    confusion: Picture
    repeats: Picture | None
    classes: Picture
    reliability: Picture


def read_all_predictions(
    run_dir: Path, summary: Summary, metrics: Sequence[Mapping[str, Any]]
) -> dict[str, list[list[Predictions]]]:
    """Read the predictions of each epoch selection that kept them, by repeat and fold."""
    scores = [EpochScore.of_row(row) for row in metrics]
    found = epoch_selections(scores, choice_measure(summary.protocol, metrics))
    return {
        key: selection_predictions(run_dir, one.file, one.chosen, summary.labels)
        for key, one in found.items()
        if one.file
    }


def draw_reading(
    run_dir: Path, key: str, score: Mapping[str, Any], made: Sequence[Sequence[Predictions]]
) -> ReadingFigures:
    """Draw the figures of an epoch selection.

    Args:
        run_dir: The run folder.
        key: Name of the epoch selection.
        score: Its entry in summary.json.
        made: Its predictions, by repeat and fold.
    """
    title = str(score["title"])

    def keep(name: str, figure: Figure, words: str) -> Picture:
        return keep_picture(run_dir / "figures" / f"{name}_{key}.png", figure, words)

    together = join([one for run in made for one in run])
    labels = together.labels
    counts = np.array(score["confusion"])
    bins = reliability(together.true_indices, together.probabilities)
    return ReadingFigures(
        confusion=keep(
            "confusion",
            draw_confusion(counts, labels, title),
            f"Confusion matrix. {title}. {tell_confusion(counts, labels)}",
        ),
        repeats=_draw_repeats(keep, title, made) if len(made) > 1 else None,
        classes=keep(
            "classes",
            draw_class_bars(score["classes"], title),
            f"Recall and precision of each class. {title}. {tell_classes(score['classes'])}",
        ),
        reliability=keep(
            "reliability",
            draw_reliability(bins, title),
            f"Reliability diagram. {title}. {tell_reliability(bins)}",
        ),
    )


def _draw_repeats(keep: Any, title: str, made: Sequence[Sequence[Predictions]]) -> Picture:
    runs = [join(run) for run in made]
    counts = [count_confusion(one.truth, one.predicted, one.labels) for one in runs]
    words = " ".join(
        f"Repeat {number}: {tell_confusion(one, runs[0].labels)}"
        for number, one in enumerate(counts, start=1)
    )
    figure = draw_repeats(counts, runs[0].labels, title)
    picture: Picture = keep("repeats", figure, f"A confusion matrix for each repeat. {title}. {words}")
    return picture


def draw_all_curves(run_dir: Path, metrics: Sequence[Mapping[str, Any]]) -> list[Picture]:
    """Draw the curves of loss and accuracy."""
    return [
        keep_picture(
            run_dir / "figures" / f"curves_{measured}.png",
            draw_curves(metrics, measured),
            f"{measured.capitalize()} by epoch, means over repeats and folds. "
            f"{tell_curves(metrics, measured)}",
        )
        for measured in KEYS
    ]


def draw_training_details(run_dir: Path, metrics: Sequence[Mapping[str, Any]]) -> Picture | None:
    """Draw the extra values of an estimator's epochs; None without values or with one epoch only."""
    names = detail_names(metrics)
    if not names or max(row["epoch"] for row in metrics) == 1:
        return None
    words = f"Values from the estimator, means over repeats and folds. {tell_details(metrics, names)}"
    return keep_picture(run_dir / "figures" / "curves_details.png", draw_details(metrics, names), words)
