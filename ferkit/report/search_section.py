"""The section of a report about a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferkit.evaluation.formatting import format_value
from ferkit.evaluation.run_files import read_choice
from ferkit.report.figures.figure import Picture, keep_picture
from ferkit.report.figures.search_history import draw_search, fold_name, name_measure, tell_search


@dataclass(frozen=True, slots=True)
class SearchSection:
    """A search, ready for the page.

    Attributes:
        history: Figure of all trials.
        measure: Name of the measure on validation images.
        best: Fold, number of the selected trial, its settings and its value.
        importance: Key and importance, descending. Empty if there were too few trials.
        pruned: Number of trials that the pruner ended.
        diverged: Number of trials that diverged.
        trials: Number of all trials.
    """

    history: Picture
    measure: str
    best: Sequence[tuple[str, int, Mapping[str, Any], str]]
    importance: Sequence[tuple[str, str]]
    pruned: int
    diverged: int
    trials: int


def describe_search(run_dir: Path, search: Mapping[str, Any] | None) -> SearchSection | None:
    """Draw the history of a search and collect its tables. None without a search."""
    if not search:
        return None
    picture = keep_picture(run_dir / "figures" / "search.png", draw_search(search), tell_search(search))
    measure = search["measure"]
    best = []
    for fold in search["folds"]:
        number = chosen_trial(run_dir, fold["repeat"], fold["fold"])
        one = fold["trials"][number]
        best.append((fold_name(fold), number + 1, one["settings"], format_value(measure, one["value"])))
    trials = [one for fold in search["folds"] for one in fold["trials"]]
    importance = sorted(search["importance"].items(), key=lambda item: -item[1])
    return SearchSection(
        history=picture,
        measure=name_measure(measure).removesuffix(", %"),
        best=best,
        importance=[(key, f"{100 * value:.1f}%") for key, value in importance],
        pruned=sum(one["is_pruned"] for one in trials),
        diverged=sum(one.get("has_diverged", False) for one in trials),
        trials=len(trials),
    )


def chosen_trial(run_dir: Path, repeat: int, fold: int) -> int:
    """Return the number of the trial that a fold selected."""
    return int(read_choice(run_dir, f"repeat{repeat}_fold{fold}")["candidate"])


def of_chosen_trials(run_dir: Path, metrics: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the epochs of the selected trial of each fold, without its number."""
    places = {(row["repeat"], row["fold"]) for row in metrics}
    chosen = {place: chosen_trial(run_dir, *place) for place in places}
    return [
        {key: value for key, value in row.items() if key != "candidate"}
        for row in metrics
        if row.get("candidate") == chosen[row["repeat"], row["fold"]]
    ]
