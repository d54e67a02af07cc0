"""The history of a search: the value of each trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        places = range(1, len(values) + 1)
        axes.plot(places, values, "o", color=colour, markersize=3, alpha=0.6)
        best = list(accumulate(values, better))
        axes.step(places, best, where="post", color=colour, linewidth=1.8, label=fold_name(fold))
    axes.set(xlabel="trial", ylabel=name_measure(search["measure"]), title="Best so far")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def tell_search(search: Mapping[str, Any]) -> str:
    """Describe the best trial of each fold."""
    sentences = []
    for fold in search["folds"]:
        number = best_trial(fold["trials"], search["measure"])
        value = values_of(fold, search["measure"])[number]
        sentences.append(f"{fold_name(fold).capitalize()}: best is trial {number + 1} with {value:.3g}.")
    return " ".join(sentences)


def best_trial(trials: Sequence[Mapping[str, Any]], measure: str) -> int:
    """Return the position of the first best trial."""
    sign = -1 if measure == "nll" else 1
    return max(range(len(trials)), key=lambda place: sign * trials[place]["value"])


def values_of(fold: Mapping[str, Any], measure: str) -> list[float]:
    """Return the value of each trial, in percent unless it is the NLL."""
    factor = 1 if measure == "nll" else 100
    return [factor * float(one["value"]) for one in fold["trials"]]


def fold_name(fold: Mapping[str, Any]) -> str:
    """Return "repeat 1, fold 2"."""
    return f"repeat {fold['repeat'] + 1}, fold {fold['fold'] + 1}"


def name_measure(measure: str) -> str:
    """Return the name of a measure on validation images, with its unit."""
    unit = "" if measure == "nll" else ", %"
    return f"validation {NAMES[measure]}{unit}"
