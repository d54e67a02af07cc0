"""Bar chart of recall and precision per class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ferkit.report.figures.figure import BLUE, VERMILION, blank_figure, put_title


def draw_class_bars(classes: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """Draw a recall bar and a precision bar for each class of summary.json, in percent."""
    figure = blank_figure(1.5 + 0.55 * len(classes))
    axes = figure.add_subplot()
    places = np.arange(len(classes))
    for key, colour, shift in (("recall", BLUE, -0.2), ("precision", VERMILION, 0.2)):
        bars = axes.barh(
            places + shift, [100 * one[key] for one in classes], height=0.38, color=colour, label=key
        )
        axes.bar_label(bars, fmt="%.0f", padding=3, fontsize=9)
    axes.set_yticks(places, [one["label"] for one in classes])
    axes.invert_yaxis()  # the first class on top
    axes.set(xlim=(0, 108), xlabel="%", xticks=range(0, 101, 20))
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    put_title(figure, title)
    return figure


def tell_classes(classes: Sequence[Mapping[str, Any]]) -> str:
    return " ".join(
        f"{one['label']}: recall {100 * one['recall']:.0f}%, precision {100 * one['precision']:.0f}%, "
        f"{one['images']} test images."
        for one in classes
    )
