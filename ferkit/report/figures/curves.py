"""Loss and accuracy by epoch, as in Figure 4 of the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle, groupby
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ferkit.report.figures.figure import BLUE, VERMILION, blank_figure

Measured = Literal["loss", "accuracy"]
Courses = Mapping[int | None, list[list[float]]]
"""Candidate (None without a grid) -> the values by epoch of each repeat and fold."""

KEYS: Mapping[Measured, tuple[str, str, float]] = {
    "loss": ("train_loss", "validation_loss", 1),
    "accuracy": ("train_accuracy", "accuracy", 100),
}
"""Keys of training and of the monitored images in metrics.jsonl, and the factor of the unit."""

# Colours of Okabe and Ito (2008) without yellow, which is faint on white.
PALETTE = (BLUE, VERMILION, "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")


def name_monitored(metrics: Sequence[Mapping[str, Any]]) -> str:
    """Return the images that every epoch was evaluated on: "validation" or "test"."""
    return str(metrics[0].get("watched", "test"))


def draw_curves(metrics: Sequence[Mapping[str, Any]], measured: Measured) -> Figure:
    """Draw a thin line per repeat and fold and a thick mean line; for a grid, one mean per candidate."""
    figure = blank_figure(3.9)
    axes = figure.add_subplot()
    training_key, monitored_key, factor = KEYS[measured]
    training = courses(metrics, training_key, factor)
    monitored = courses(metrics, monitored_key, factor)
    monitored_name = name_monitored(metrics)
    if list(training) == [None]:
        _draw_folds(axes, training[None], BLUE, "training")
        _draw_folds(axes, monitored[None], VERMILION, monitored_name)
    else:
        _draw_candidates(axes, training, monitored, monitored_name)
    unit = ", %" if measured == "accuracy" else ""
    axes.set(xlabel="epoch", ylabel=f"{measured}{unit}", title=measured.capitalize())
    axes.set_ylim(bottom=0, top=100 if measured == "accuracy" else None)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def _draw_folds(axes: Axes, folds: Sequence[Sequence[float]], colour: str, name: str) -> None:
    for course in folds:
        axes.plot(range(1, len(course) + 1), course, color=colour, linewidth=0.7, alpha=0.45)
    mean = mean_course(folds)
    marker = "o" if len(mean) == 1 else ""
    axes.plot(range(1, len(mean) + 1), mean, color=colour, linewidth=2.2, marker=marker, label=name)


def _draw_candidates(axes: Axes, training: Courses, monitored: Courses, monitored_name: str) -> None:
    colours = PALETTE
    if len(monitored) > len(PALETTE):
        colours = tuple(matplotlib.colormaps["viridis"](np.linspace(0, 0.9, len(monitored))))
    for colour, (candidate, folds) in zip(colours, monitored.items(), strict=False):
        name = f"{(candidate or 0) + 1}, {monitored_name}"
        for course, style, label in (
            (mean_course(folds), "-", name),
            (mean_course(training[candidate]), ":", f"{(candidate or 0) + 1}, training"),
        ):
            marker = "o" if len(course) == 1 else ""
            places = range(1, len(course) + 1)
            axes.plot(places, course, style, color=colour, linewidth=1.8, marker=marker, label=label)


def detail_names(metrics: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the extra values that every epoch has."""
    given = [row.get("details", {}) for row in metrics]
    return [name for name in given[0] if all(name in one for one in given)]


def draw_details(metrics: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Figure:
    """Draw extra values by epoch, each in its own panel because units differ."""
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure = blank_figure(1.9 * rows + 0.3, width=10.4)
    frames = figure.subplots(rows, columns, squeeze=False, sharex=True).flat
    for axes, name in zip(frames, names, strict=False):
        inner = [{**row, name: row["details"][name]} for row in metrics]
        for colour, folds in zip(cycle(PALETTE), courses(inner, name, 1).values(), strict=False):
            _draw_folds(axes, folds, colour, name)
        axes.set_title(name.replace("_", " "), fontsize=9)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    for axes in list(figure.axes)[len(names) :]:
        axes.remove()
    return figure


def tell_details(metrics: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Describe the first and last mean of each extra value."""
    sentences = []
    for name in names:
        inner = [{**row, name: row["details"][name]} for row in metrics]
        means = [mean_course(folds) for folds in courses(inner, name, 1).values()]
        ends = "; ".join(f"{mean[0]:.3g} in epoch 1, {mean[-1]:.3g} in epoch {len(mean)}" for mean in means)
        sentences.append(f"{name.replace('_', ' ')}: {ends}.")
    return " ".join(sentences)


def courses(metrics: Sequence[Mapping[str, Any]], key: str, factor: float) -> Courses:
    """Return the values of a key for each candidate, repeat and fold."""

    def place(row: Mapping[str, Any]) -> tuple[int, int, int]:
        candidate = row.get("candidate")
        return -1 if candidate is None else candidate, row["repeat"], row["fold"]

    ordered = sorted(metrics, key=lambda row: (*place(row), row["epoch"]))
    found: dict[int | None, list[list[float]]] = {}
    for (candidate, _, _), rows in groupby(ordered, key=place):
        course = [factor * float(row[key]) for row in rows]
        found.setdefault(None if candidate < 0 else candidate, []).append(course)
    return found


def mean_course(folds: Sequence[Sequence[float]]) -> list[float]:
    """Average folds by epoch, up to the shortest fold."""
    shortest = min(len(course) for course in folds)
    means: list[float] = np.mean([course[:shortest] for course in folds], axis=0).tolist()
    return means


def tell_curves(metrics: Sequence[Mapping[str, Any]], measured: Measured) -> str:
    """Describe the first and last values of the mean curves."""
    training_key, monitored_key, factor = KEYS[measured]
    sign = "%" if measured == "accuracy" else ""
    digits = 1 if measured == "accuracy" else 3
    sentences = []
    for name, key in (("training", training_key), (name_monitored(metrics), monitored_key)):
        for candidate, folds in courses(metrics, key, factor).items():
            mean = mean_course(folds)
            whose = "" if candidate is None else f"Candidate {candidate + 1}: "
            sentences.append(
                f"{whose}{name} {measured} {mean[0]:.{digits}f}{sign} in epoch 1, "
                f"{mean[-1]:.{digits}f}{sign} in epoch {len(mean)}."
            )
    return " ".join(sentences)
