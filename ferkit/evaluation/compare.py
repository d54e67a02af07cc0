"""Two runs on the same images: which is better, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from scipy.stats import t as student

from ferkit.errors import RunError
from ferkit.evaluation.epoch_selection import EpochScore, epoch_selections
from ferkit.evaluation.metrics.intervals import (
    FEWEST,
    METRICS,
    Interval,
    Sums,
    cluster_confusions,
    difference_interval,
    metric_of,
)
from ferkit.evaluation.metrics.mcnemar import McNemar, mcnemar
from ferkit.evaluation.protocol_text import protocol_key
from ferkit.evaluation.run_files import read_images, read_metrics, read_summary
from ferkit.evaluation.scores import choice_measure, find_clusters, merged_groups, selection_predictions

CONFIDENCE = 0.95
Key = tuple[str, str, int]
"""An image: its sha256, its label, and which of several copies of the same it is."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """A run under one epoch selection. folds: for each repeat and fold, image -> the predicted label's name.

    groups: image -> its group of the coarsest kind; kind: which kind that is, "image" where there is none.
    """

    path: Path
    labels: Sequence[str]
    selection: str
    selected_on_test: bool
    protocol: str
    folds: Sequence[Sequence[Mapping[Key, str]]]
    groups: Mapping[Key, str]
    kind: str

    @property
    def predicted(self) -> list[dict[Key, str]]:
        """For each repeat."""
        return [{key: guess for fold in run for key, guess in fold.items()} for run in self.folds]


@dataclass(frozen=True, slots=True)
class Comparison:
    """first, second and difference (the first's less the second's): by metric, shares in 0..1.

    images: that both runs tested; kind, clusters: what was drawn, and how many there are; mcnemar, leads: for
    each repeat that both have, McNemar's test and the first's accuracy less the second's; notes: what limits
    the comparison.
    """

    images: int
    first: Mapping[str, float]
    second: Mapping[str, float]
    difference: Mapping[str, Interval]
    kind: str
    clusters: int
    mcnemar: Sequence[McNemar]
    leads: Sequence[float]
    notes: Sequence[str]

    @property
    def training_p(self) -> float | None:
        """Of the leads being the training's own chance: a t-test over repeats; None for a single one.

        Leads are counted in whole images, so they are taken to vary at least as much as that rounding does.
        """
        count = len(self.leads)
        if count < 2:
            return None
        spread = max(stdev(self.leads), 1 / self.images / 12**0.5)
        return float(2 * student.sf(abs(mean(self.leads)) / spread * count**0.5, count - 1))

    @property
    def conclusion(self) -> str:
        """By the interval over images and the test over repeats: only both together show a difference."""
        low, high = self.difference["accuracy"].low, self.difference["accuracy"].high
        if self.clusters < FEWEST:
            return f"No conclusion: the images are of {self.clusters} {self.kind}s only."
        if low <= 0 <= high:
            return "No difference is shown: the interval of the difference in accuracy holds 0."
        better = f"The {'first' if low > 0 else 'second'} run is better on these images"
        if (p := self.training_p) is None:
            return f"{better}; whether that is more than the training's own chance, one repeat can't say."
        if p > 1 - CONFIDENCE or (mean(self.leads) > 0) != (low > 0):
            return f"{better}, but that may be the training's own chance (t-test over repeats: p = {p:.2g})."
        return f"{better}, and by more than the training's own chance (t-test over repeats: p = {p:.2g})."


def read_outcomes(run_dir: Path, selection: str | None = None) -> Outcomes:
    """selection: best_epoch, last_epoch or chosen_epoch; left out, the one not selected on test images.

    Raises RunError where the run is not finished or has no such epoch selection.
    """
    summary = read_summary(run_dir)
    labels = summary.labels
    metrics = read_metrics(run_dir)
    found = epoch_selections(
        [EpochScore.of_row(row) for row in metrics], choice_measure(summary.protocol, metrics)
    )
    kept = {key: one for key, one in found.items() if one.file}
    key = selection or next(name for name, one in kept.items() if not one.selected_on_test)
    if key not in kept:
        raise RunError(
            f"{run_dir} has no predictions of the epoch selection {key!r}; it has: {', '.join(kept)}"
        )
    images = read_images(run_dir)
    keys: dict[str, Key] = {}
    seen: dict[tuple[str, str], int] = {}
    for one in images:
        copy = seen[one.sha256, one.label] = seen.get((one.sha256, one.label), -1) + 1
        keys[one.path] = (one.sha256, one.label, copy)
    file = kept[key].file or ""
    made = selection_predictions(run_dir, file, kept[key].chosen, labels)
    tested = {path for run in made for fold in run for path in fold.paths}
    clusters = find_clusters(images, tested, merged_groups(summary.protocol))[0]
    return Outcomes(
        run_dir,
        labels,
        key,
        kept[key].selected_on_test,
        protocol_key(summary.protocol),
        [
            [dict(zip(map(keys.__getitem__, one.paths), one.predicted, strict=True)) for one in run]
            for run in made
        ],
        {keys[path]: name for path, name in clusters.of.items()},
        clusters.kind,
    )


def compare(first: Outcomes, second: Outcomes) -> Comparison:
    """Paired by image. Raises RunError where the runs have other labels, or no image in common."""
    if sorted(first.labels) != sorted(second.labels):
        raise RunError(
            f"the runs have other labels, so they can't be compared: {', '.join(first.labels)} in "
            f"{first.path}; {', '.join(second.labels)} in {second.path}"
        )
    guesses = first.predicted, second.predicted
    shared = [key for key in guesses[0][0] if key in guesses[1][0]]
    if not shared:
        raise RunError(f"{first.path} and {second.path} tested no image in common")
    # Of two ways to group the same images, the coarser promises less.
    drawn = min((first, second), key=lambda one: len({one.groups[key] for key in shared}))
    counts = [_confusions(one, set(shared), drawn) for one in (first, second)]
    return Comparison(
        images=len(shared),
        first={metric: metric_of(counts[0], metric) for metric in METRICS},
        second={metric: metric_of(counts[1], metric) for metric in METRICS},
        difference={metric: difference_interval(counts[0], counts[1], metric) for metric in METRICS},
        kind=drawn.kind,
        clusters=len(counts[0]),
        mcnemar=[
            mcnemar(_right(one, shared), _right(other, shared)) for one, other in zip(*guesses, strict=False)
        ],
        leads=[
            (sum(_right(one, shared)) - sum(_right(other, shared))) / len(shared)
            for one, other in zip(*guesses, strict=False)
        ],
        notes=list(_notes(first, second, len(shared))),
    )


def _confusions(one: Outcomes, shared: Set[Key], drawn: Outcomes) -> Sums:
    """Of every cluster in each of the run's folds, the clusters in an order that both runs share."""
    folds = [fold for run in one.folds for fold in run]
    order = {name: index for index, name in enumerate(sorted({drawn.groups[key] for key in shared}))}
    rows = [
        (key, guess, str(n)) for n, fold in enumerate(folds) for key, guess in fold.items() if key in shared
    ]
    rows.sort(key=lambda row: order[drawn.groups[row[0]]])
    return cluster_confusions(
        [key[1] for key, _, _ in rows],
        [guess for _, guess, _ in rows],
        [drawn.groups[key] for key, _, _ in rows],
        drawn.labels,
        [fold for _, _, fold in rows],
    )


def _right(predicted: Mapping[Key, str], shared: Sequence[Key]) -> list[bool]:
    return [predicted[key] == key[1] for key in shared]


def _notes(first: Outcomes, second: Outcomes, shared: int) -> list[str]:
    notes = []
    for one in (first, second):
        if one.selected_on_test:
            notes.append(f"{one.path}: the epoch was chosen on the test images, so its score is optimistic.")
        if (count := len(one.predicted[0])) != shared:
            notes.append(f"{one.path} tested {count} images, of which {shared} are in both runs.")
    if first.kind != second.kind:
        notes.append(f"The runs group their images differently ({first.kind}; {second.kind}).")
    if first.protocol != second.protocol:
        notes.append(
            f"The protocols differ ({first.protocol}; {second.protocol}): the difference is that of the "
            "protocols too."
        )
    return notes


def as_table(comparison: Comparison) -> list[dict[str, Any]]:
    """A row for each metric, in percent."""
    return [
        {
            "metric": metric.replace("_", " "),
            "first": 100 * comparison.first[metric],
            "second": 100 * comparison.second[metric],
            "difference": 100 * (comparison.first[metric] - comparison.second[metric]),
            "low": 100 * comparison.difference[metric].low,
            "high": 100 * comparison.difference[metric].high,
        }
        for metric in METRICS
    ]
