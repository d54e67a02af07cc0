"""The paper's Figures 3 and 4 of a run: confusion, and curves over the epochs."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

# Blue and vermilion of Okabe and Ito (2008), told apart by colour-blind readers too.
TRAINING, TEST = "#0072B2", "#D55E00"


def draw_confusion(counts: NDArray[np.int64], labels: Sequence[str], title: str) -> Figure:
    """Rows are the true class and add up to 100%; each field shows its share and its count."""
    side = 1.6 + 0.85 * len(labels)
    figure = Figure(figsize=(side, side), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        colour = "white" if shares[row, column] > 0.5 else "black"
        text = f"{100 * shares[row, column]:.0f}%\n{counts[row, column]}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=10)
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="predicted", ylabel="true", title=textwrap.fill(title, width=int(9 * side)))
    return figure


def draw_curves(metrics: Sequence[Mapping[str, Any]]) -> Figure:
    """Loss and accuracy by epoch: a thin line for each cell, a thick one for their mean."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    losses, accuracies = figure.subplots(1, 2)
    _draw_pair(losses, metrics, "train_loss", "validation_loss", 1)
    losses.set(xlabel="epoch", ylabel="loss", title="Loss")
    _draw_pair(accuracies, metrics, "train_accuracy", "accuracy", 100)
    accuracies.set(xlabel="epoch", ylabel="accuracy, %", title="Accuracy", ylim=(0, 100))
    accuracies.legend(loc="lower right")
    return figure


def _draw_pair(
    axes: Axes, metrics: Sequence[Mapping[str, Any]], training: str, test: str, scale: float
) -> None:
    for key, colour, name in ((training, TRAINING, "training fold"), (test, TEST, "test fold")):
        courses = course_of_cells(metrics, key, scale)
        for course in courses:
            axes.plot(range(1, len(course) + 1), course, color=colour, linewidth=0.7, alpha=0.45)
        shortest = min(len(course) for course in courses)
        mean = np.mean([course[:shortest] for course in courses], axis=0)
        marker = "o" if shortest == 1 else ""
        axes.plot(range(1, shortest + 1), mean, color=colour, linewidth=2.2, marker=marker, label=name)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)


def course_of_cells(metrics: Sequence[Mapping[str, Any]], key: str, scale: float) -> list[list[float]]:
    """The values of one key by epoch, for each cell."""

    def place(row: Mapping[str, Any]) -> tuple[int, int, int]:
        return row["repeat"], row["fold"], row["epoch"]

    ordered = sorted(metrics, key=place)
    return [
        [scale * float(row[key]) for row in rows]
        for _, rows in groupby(ordered, key=lambda row: place(row)[:2])
    ]
