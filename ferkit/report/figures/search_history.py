"""The history of a search: the value of each trial."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ferkit.evaluation.formatting import NAMES
from ferkit.report.figures.curves import PALETTE
from ferkit.report.figures.figure import blank_figure


def draw_search(search: Mapping[str, Any]) -> Figure:
    """Draw a point for each trial and a line of the best value so far, with one colour for each fold."""
    figure = blank_figure(3.6)
    axes = figure.add_subplot()
    better = min if search["measure"] == "nll" else max
    for number, fold in enumerate(search["folds"]):
        colour = PALETTE[number % len(PALETTE)]
        values = values_of(fold, search["measure"])
        axes.plot(list(values), list(values.values()), "o", color=colour, markersize=3, alpha=0.6)
        best = list(accumulate(values.values(), better))
        axes.step(list(values), best, where="post", color=colour, linewidth=1.8, label=fold_name(fold))
    axes.set(xlabel="trial", ylabel=name_measure(search["measure"]), title="Best so far")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def tell_search(search: Mapping[str, Any]) -> str:
    """Describe the best trial of each fold."""
    better = min if search["measure"] == "nll" else max
    sentences = []
    for fold in search["folds"]:
        values = values_of(fold, search["measure"])
        trial = better(values, key=lambda number: values[number])
        sentences.append(f"{fold_name(fold).capitalize()}: best is trial {trial} with {values[trial]:.3g}.")
    return " ".join(sentences)


def values_of(fold: Mapping[str, Any], measure: str) -> dict[int, float]:
    """Return trial (from 1) to value, in percent unless it is the NLL. Trials without an epoch have none."""
    factor = 1 if measure == "nll" else 100
    numbered = enumerate(fold["trials"], start=1)
    return {number: factor * float(one["value"]) for number, one in numbered if one["value"] is not None}


def fold_name(fold: Mapping[str, Any]) -> str:
    """Return "repeat 1, fold 2"."""
    return f"repeat {fold['repeat'] + 1}, fold {fold['fold'] + 1}"


def name_measure(measure: str) -> str:
    """Return the name of a measure on validation images, with its unit."""
    unit = "" if measure == "nll" else ", %"
    return f"validation {NAMES[measure]}{unit}"
