"""Accuracy by epoch of several runs in one figure, as SVG whose curves a page can hide."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.ticker import MaxNLocator

from ferkit.report.figures.curves import KEYS, PALETTE, courses, mean_course
from ferkit.report.figures.figure import blank_figure

DASHES = ("", "6 3", "2 2", "8 3 2 3")
"""Dashes of SVG, in widths of the line. With seven colours, 28 curves differ."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of the figure.

    Attributes:
        number: Index, which gives colour, dashes and the id `curve-<number>` in the SVG.
        values: Mean accuracy of the monitored images by epoch, in percent.
        monitored: The images: "validation" or "test".
    """

    number: int
    values: Sequence[float]
    monitored: str

    @property
    def colour(self) -> str:
        return PALETTE[self.number % len(PALETTE)]

    @property
    def dashes(self) -> str:
        return DASHES[self.number // len(PALETTE) % len(DASHES)]

    @property
    def words(self) -> str:
        """The alternative text."""
        first, last = self.values[0], self.values[-1]
        return f"{first:.1f}% in epoch 1, {last:.1f}% in epoch {len(self.values)}, {self.monitored} images"


def make_curve(metrics: Sequence[Mapping[str, Any]], number: int) -> Curve | None:
    """Return the mean over folds and repeats, of the best candidate with a grid. None for a single epoch."""
    if not any(row["epoch"] > 1 for row in metrics):
        return None
    _, key, factor = KEYS["accuracy"]
    means = [mean_course(folds) for folds in courses(metrics, key, factor).values()]
    return Curve(number, max(means, key=max), str(metrics[0].get("watched", "test")))


def draw_overlay(curves: Sequence[Curve]) -> str:
    """Return an <svg> element with a group `curve-<number>` for each curve, and no text of the user."""
    figure = blank_figure(4.2, width=9.6)
    axes = figure.add_subplot()
    for curve in curves:
        dashes = [float(one) for one in curve.dashes.split()]
        style: Any = (0, dashes) if dashes else "-"
        places = range(1, len(curve.values) + 1)
        (line,) = axes.plot(places, curve.values, color=curve.colour, linewidth=1.8, linestyle=style)
        line.set_gid(f"curve-{curve.number}")
    axes.set(xlabel="epoch", ylabel="accuracy, %")
    axes.set_ylim(0, 100)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "ferkit"}):
        figure.savefig(buffer, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
