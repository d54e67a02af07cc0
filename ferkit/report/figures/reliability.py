"""Reliability diagram: accuracy by confidence, as in Figure 1 of Guo et al. 2017."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from ferkit.evaluation.metrics.calibration import ReliabilityBin
from ferkit.messages import count_of
from ferkit.report.figures.figure import BLUE, VERMILION, blank_figure, put_title


def draw_reliability(bins: Sequence[ReliabilityBin], title: str) -> Figure:
    """Draw the accuracy of each bin, the diagonal, and the number of predictions below."""
    figure = blank_figure(5.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    centres = [(one.low + one.high) / 2 for one in bins]
    widths = [0.92 * (one.high - one.low) for one in bins]
    upper.bar(centres, [one.accuracy for one in bins], widths, color=BLUE, label="accuracy")
    upper.plot((0, 1), (0, 1), color="black", linewidth=1, linestyle="--", label="perfect calibration")
    confidences, accuracies = [one.confidence for one in bins], [one.accuracy for one in bins]
    upper.plot(
        confidences,
        accuracies,
        "o",
        clip_on=False,
        color=VERMILION,
        markeredgecolor="white",
        label="mean confidence of bin",
    )
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="accuracy")
    lower.bar(centres, [one.images for one in bins], widths, color="#767676")
    lower.set(xlabel="confidence (highest probability)", ylabel="predictions")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    put_title(figure, title)
    return figure


def tell_reliability(bins: Sequence[ReliabilityBin]) -> str:
    return " ".join(
        f"Confidence {one.low:.2f} to {one.high:.2f}: mean {100 * one.confidence:.1f}%, accuracy "
        f"{100 * one.accuracy:.1f}%, {count_of(one.images, 'prediction')}."
        for one in bins
    )
