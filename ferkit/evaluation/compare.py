"""Compare two runs on the same images, and test the difference for significance."""

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
"""An image: sha256, label, and a number from 0 among identical images."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The predictions of a run with one epoch selection.

    Attributes:
        path: Run folder.
        labels: The labels, in order.
        selection: Name of the epoch selection.
        selected_on_test: True if test images selected the epoch.
        protocol: Short name of the protocol.
        folds: For each repeat and fold, image to predicted label.
        groups: Image to its group of the coarsest kind.
        kind: The kind of these groups, or "image" if there are none.
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
        """Image to predicted label, for each repeat."""
        return [{key: guess for fold in run for key, guess in fold.items()} for run in self.folds]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of two runs.

    Attributes:
        images: Number of images that both runs tested.
        first: Metric to the score of the first run, 0 to 1.
        second: Metric to the score of the second run, 0 to 1.
        difference: Metric to the interval of first minus second, −1 to 1.
        kind: Unit of the bootstrap, "image" or a kind of group.
        clusters: Number of these units.
        mcnemar: McNemar's test for each common repeat.
        leads: Accuracy of the first run minus that of the second, for each common repeat.
        notes: Limits of the comparison, as sentences.
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
        """p-value of a t-test over repeats: can random training explain the leads? None for one repeat.

        Leads are multiples of one image. Their standard deviation is at least that of this rounding.
        """
        count = len(self.leads)
        if count < 2:
            return None
        spread = max(stdev(self.leads), 1 / self.images / 12**0.5)
        return float(2 * student.sf(abs(mean(self.leads)) / spread * count**0.5, count - 1))

    @property
    def conclusion(self) -> str:
        """Conclusion from the interval over images and the test over repeats. A difference requires both."""
        low, high = self.difference["accuracy"].low, self.difference["accuracy"].high
        if self.clusters < FEWEST:
            return f"No conclusion: there are only {self.clusters} {self.kind}s."
        if low <= 0 <= high:
            return "No difference is shown: the interval of the difference in accuracy contains 0."
        better = f"The {'first' if low > 0 else 'second'} run is better on these images"
        if (p := self.training_p) is None:
            return f"{better}. One repeat cannot show if this is more than the randomness of training."
        if p > 1 - CONFIDENCE or (mean(self.leads) > 0) != (low > 0):
            return f"{better}, but it may be the randomness of training (t-test over repeats: p = {p:.2g})."
        return f"{better}, by more than the randomness of training (t-test over repeats: p = {p:.2g})."


def read_outcomes(run_dir: Path, selection: str | None = None) -> Outcomes:
    """Read the predictions of a run.

    Args:
        run_dir: The run folder.
        selection: best_epoch, last_epoch or chosen_epoch. The default is the one without test images.

    Raises:
        RunError: The run is not finished, or has no such epoch selection.
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
            f"{run_dir} has no predictions of the epoch selection {key!r}. It has: {', '.join(kept)}."
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
    """Compare two runs image by image. Raises RunError if labels differ, or no image is in both runs."""
    if sorted(first.labels) != sorted(second.labels):
        raise RunError(
            f"Cannot compare the runs: the labels differ. {first.path} has {', '.join(first.labels)}, and "
            f"{second.path} has {', '.join(second.labels)}."
        )
    guesses = first.predicted, second.predicted
    shared = [key for key in guesses[0][0] if key in guesses[1][0]]
    if not shared:
        raise RunError(f"Cannot compare the runs: {first.path} and {second.path} have no common test image.")
    # The coarser of two groupings gives the wider, more careful interval.
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
    """Return the confusions of each cluster and fold. The order of the clusters is the same for both runs."""
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
            notes.append(f"{one.path}: test images selected the epoch, so its score is optimistic.")
        if (count := len(one.predicted[0])) != shared:
            notes.append(f"{one.path} tested {count} images; {shared} of them are in both runs.")
    if first.kind != second.kind:
        notes.append(f"The runs group their images differently ({first.kind}; {second.kind}).")
    if first.protocol != second.protocol:
        notes.append(
            f"The protocols differ ({first.protocol}; {second.protocol}), which may cause the difference."
        )
    return notes


def as_table(comparison: Comparison) -> list[dict[str, Any]]:
    """Return a row for each metric, in percent."""
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
