"""Two runs on the same images: which is better, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import ttest_1samp

from ferkit.errors import RunError
from ferkit.evaluation import choice_measure, find_clusters, reading_predictions
from ferkit.metrics.comparison import McNemar, mcnemar
from ferkit.metrics.intervals import (
    METRICS,
    Interval,
    Sums,
    cluster_confusions,
    difference_interval,
    metric_of,
)
from ferkit.protocol_words import protocol_key
from ferkit.results import join, read_metrics, read_photographs, read_summary
from ferkit.selection import EpochScore, readings

CONFIDENCE = 0.95
Key = tuple[str, str, int]
"""An image: its sha256, its label, and which of several copies of the same it is."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """A run under one reading. predicted: for each repeat, image -> the predicted label's name.

    groups: image -> its group of the coarsest kind; kind: which kind that is, "image" where there is none.
    """

    path: Path
    labels: Sequence[str]
    reading: str
    selected_on_test: bool
    protocol: str
    predicted: Sequence[Mapping[Key, str]]
    groups: Mapping[Key, str]
    kind: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """first, second and difference (the first's less the second's): by metric, shares in 0..1.

    images: that both runs tested; mcnemar, leads: for each repeat that both have, McNemar's test and the
    first's accuracy less the second's; notes: what limits the comparison.
    """

    images: int
    first: Mapping[str, float]
    second: Mapping[str, float]
    difference: Mapping[str, Interval]
    kind: str
    mcnemar: Sequence[McNemar]
    leads: Sequence[float]
    notes: Sequence[str]

    @property
    def training_p(self) -> float | None:
        """Of the leads being the training's own chance: a t-test over repeats; None for a single one."""
        if len(self.leads) < 2:
            return None
        if len(set(self.leads)) == 1:
            return 1.0 if not self.leads[0] else 0.0
        return float(ttest_1samp(self.leads, 0.0).pvalue)

    @property
    def conclusion(self) -> str:
        """By the interval over images and the test over repeats: only both together show a difference."""
        low, high = self.difference["accuracy"].low, self.difference["accuracy"].high
        if low <= 0 <= high:
            return "No difference is shown: the interval of the difference in accuracy holds 0."
        better = f"The {'first' if low > 0 else 'second'} run is better on these images"
        if (p := self.training_p) is None:
            return f"{better}; whether that is more than the training's own chance, one repeat can't say."
        if p > 1 - CONFIDENCE:
            return f"{better}, but that may be the training's own chance (t-test over repeats: p = {p:.2g})."
        return f"{better}, and by more than the training's own chance (t-test over repeats: p = {p:.2g})."


def read_outcomes(run_dir: Path, reading: str | None = None) -> Outcomes:
    """reading: best_epoch, last_epoch or chosen_epoch; left out, the one not selected on test images.

    Raises RunError where the run is not finished or has no such reading.
    """
    summary = read_summary(run_dir)
    labels = summary["labels"]
    metrics = read_metrics(run_dir)
    found = readings(
        [EpochScore.of_row(row) for row in metrics], choice_measure(summary["protocol"], metrics)
    )
    kept = {key: one for key, one in found.items() if one.file}
    key = reading or next(name for name, one in kept.items() if not one.selected_on_test)
    if key not in kept:
        raise RunError(f"{run_dir} has no predictions of the reading {key!r}; it has: {', '.join(kept)}")
    photographs = read_photographs(run_dir)
    keys: dict[str, Key] = {}
    seen: dict[tuple[str, str], int] = {}
    for one in photographs:
        copy = seen[one.sha256, one.label] = seen.get((one.sha256, one.label), -1) + 1
        keys[one.path] = (one.sha256, one.label, copy)
    file = kept[key].file or ""
    made = [join(run) for run in reading_predictions(run_dir, file, kept[key].chosen, labels)]
    clusters = find_clusters(photographs)[0]
    return Outcomes(
        run_dir,
        labels,
        key,
        kept[key].selected_on_test,
        protocol_key(summary["protocol"]),
        [{keys[path]: guess for path, guess in zip(one.paths, one.predicted, strict=True)} for one in made],
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
    shared = [key for key in first.predicted[0] if key in second.predicted[0]]
    if not shared:
        raise RunError(f"{first.path} and {second.path} tested no image in common")
    counts = [_confusions(one, shared, first) for one in (first, second)]
    repeats = min(len(first.predicted), len(second.predicted))
    return Comparison(
        images=len(shared),
        first={metric: metric_of(counts[0], metric) for metric in METRICS},
        second={metric: metric_of(counts[1], metric) for metric in METRICS},
        difference={metric: difference_interval(counts[0], counts[1], metric) for metric in METRICS},
        kind=first.kind,
        mcnemar=[
            mcnemar(_right(first.predicted[repeat], shared), _right(second.predicted[repeat], shared))
            for repeat in range(repeats)
        ],
        leads=[_lead(first, second, repeat, shared) for repeat in range(repeats)],
        notes=list(_notes(first, second, len(shared))),
    )


def _confusions(one: Outcomes, shared: Sequence[Key], groups_of: Outcomes) -> Sums:
    """Of every cluster, divided by the repeats, so that runs with other numbers of repeats weigh the same."""
    keys = [key for _ in one.predicted for key in shared]
    guesses = [predicted[key] for predicted in one.predicted for key in shared]
    names = [groups_of.groups[key] for key in keys]
    return cluster_confusions([key[1] for key in keys], guesses, names, groups_of.labels) / len(one.predicted)


def _right(predicted: Mapping[Key, str], shared: Sequence[Key]) -> list[bool]:
    return [predicted[key] == key[1] for key in shared]


def _lead(first: Outcomes, second: Outcomes, repeat: int, shared: Sequence[Key]) -> float:
    right = (sum(_right(one.predicted[repeat], shared)) for one in (first, second))
    return (next(right) - next(right)) / len(shared)


def _notes(first: Outcomes, second: Outcomes, shared: int) -> list[str]:
    notes = []
    for one in (first, second):
        if one.selected_on_test:
            notes.append(f"{one.path}: the epoch was chosen on the test images, so its score is optimistic.")
        if (count := len(one.predicted[0])) != shared:
            notes.append(f"{one.path} tested {count} images, of which {shared} are in both runs.")
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
