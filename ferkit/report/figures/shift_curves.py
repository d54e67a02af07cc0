"""Scores on changed images, by the strength of the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ferkit.report.figures.figure import BLUE, VERMILION, WIDTH, blank_figure, put_title

COLUMNS = 4
"""Number of panels in a row."""
LINES = {"accuracy": ("accuracy", BLUE, "o", -0.08), "mean_recall": ("UAR", VERMILION, "s", 0.08)}
"""Metric to name, colour, marker, and offset of its interval, which keeps intervals apart."""


def draw_shift_curves(
    shifts: Sequence[Mapping[str, Any]], unchanged: Mapping[str, float], title: str
) -> Figure:
    """Draw a panel for each kind of change, with accuracy and UAR at its levels.

    Args:
        shifts: Changes of evaluation.json. The strongest level has the interval of its first unit.
        unchanged: Scores of the unchanged images, 0..1, by metric.
        title: Title of the figure.
    """
    columns = min(COLUMNS, len(shifts))
    rows = -(-len(shifts) // columns)
    figure = blank_figure(2.1 * rows + 0.9, width=max(WIDTH, 2.6 * columns))
    frames = list(figure.subplots(rows, columns, squeeze=False, sharey=True).flat)
    for axes, shift in zip(frames, shifts, strict=False):
        for metric in LINES:
            _draw_line(axes, shift, metric, unchanged[metric])
        ticks = ["none", *(f"{one['level']:g}" for one in shift["levels"])]
        axes.set_xticks(range(len(ticks)), ticks, fontsize=8)
        axes.set_xlim(-0.4, len(ticks) - 0.6)
        axes.set_title(shift["kind"].replace("_", " "), fontsize=9)
        axes.grid(alpha=0.3)
    frames[0].set_ylim(0, 100)
    for axes in frames[::columns]:
        axes.set_ylabel("%")
    for axes in frames[len(shifts) :]:
        axes.remove()
    figure.legend(*frames[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    put_title(figure, title)
    return figure


def _draw_line(axes: Axes, shift: Mapping[str, Any], metric: str, unchanged: float) -> None:
    name, colour, marker, offset = LINES[metric]
    values = [100 * unchanged, *(100 * one["scores"][metric] for one in shift["levels"])]
    axes.plot(range(len(values)), values, color=colour, marker=marker, markersize=3.5, label=name)
    for low, high in list(shift["levels"][-1]["changes"][metric]["intervals"].values())[:1]:
        edges = 100 * (unchanged + low), 100 * (unchanged + high)
        axes.vlines(len(values) - 1 + offset, *edges, color=colour, linewidth=2.5, alpha=0.5)


def tell_shift_curves(shifts: Sequence[Mapping[str, Any]]) -> str:
    """List the scores at each level."""
    sentences = []
    for shift in shifts:
        for metric, (name, *_) in LINES.items():
            values = (f"{one['level']:g}: {100 * one['scores'][metric]:.1f}%" for one in shift["levels"])
            sentences.append(f"{shift['kind']}, {name} by level: {', '.join(values)}.")
    return " ".join(sentences)
