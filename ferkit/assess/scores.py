"""Scores of predictions with their intervals, and the gaps between groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ferkit.assess.result import NO_FACE, Gap, GroupScores, Measure, Prediction, ValueScores
from ferkit.assess.units import IMAGE, Units
from ferkit.evaluation.metrics.calibration import BINS, SMALLEST
from ferkit.evaluation.metrics.intervals import (
    FEWEST,
    METRICS,
    Interval,
    Sums,
    cluster_confusions,
    difference_interval,
    metric_of,
    score_interval,
    sums_interval,
)
from ferkit.evaluation.metrics.scores import ClassScores

UNKNOWN = "unknown"
"""Value of an image without a group of the kind."""


def measure_scores(
    made: Sequence[Prediction], labels: Sequence[str], units: Sequence[Units]
) -> dict[str, Measure]:
    """Measure accuracy, UAR and macro F1 of all predictions, and calibration of those with a face."""
    found = {}
    counts = {one.kind: count(made, labels, one.names) for one in units}
    for metric in METRICS:
        value = metric_of(counts[units[-1].kind], metric)
        found[metric] = _measure(
            value, {k: partial(score_interval, c, metric) for k, c in counts.items()}, units
        )
    places = [place for place, one in enumerate(made) if one.probabilities]
    if places:
        seen = [Units(one.kind, tuple(one.names[place] for place in places)) for one in units]
        found |= _measure_calibration([made[place] for place in places], labels, seen)
    return found


def count(made: Sequence[Prediction], labels: Sequence[str], units: Sequence[str]) -> Sums:
    """Count a confusion matrix for each unit. Images without a face have a column after the labels."""
    truth, predicted = [one.label for one in made], [one.predicted for one in made]
    return cluster_confusions(truth, predicted, units, [*labels, NO_FACE])


def _measure(
    value: float, intervals: Mapping[str, Callable[[], Interval]], units: Sequence[Units]
) -> Measure:
    """Compute the intervals of the units that are not too few."""
    numbers = {one.kind: len(set(one.names)) for one in units}
    found = {kind: interval() for kind, interval in intervals.items() if numbers[kind] >= FEWEST}
    return Measure(value, {kind: (one.low, one.high) for kind, one in found.items()})


def _measure_calibration(
    made: Sequence[Prediction], labels: Sequence[str], units: Sequence[Units]
) -> dict[str, Measure]:
    index = {label: place for place, label in enumerate(labels)}
    probabilities = np.array([one.probabilities for one in made])
    true = np.array([index[one.label] for one in made])
    certain = np.clip(probabilities, SMALLEST, None)
    certain /= certain.sum(axis=1, keepdims=True)
    nll = -np.log(certain[np.arange(len(true)), true])
    brier = ((probabilities - np.eye(len(labels))[true]) ** 2).sum(axis=1)
    statistics: dict[str, tuple[NDArray[np.float64], Callable[..., NDArray[np.float64]]]] = {
        "nll": (np.stack([nll, np.ones(len(true))], axis=1), _mean),
        "brier": (np.stack([brier, np.ones(len(true))], axis=1), _mean),
        "ece": (_in_bins(true, probabilities), _calibration_error),
    }
    found = {}
    for name, (rows, statistic) in statistics.items():
        sums = {one.kind: _sum_by(rows, one.names) for one in units}
        intervals = {kind: partial(sums_interval, table, statistic) for kind, table in sums.items()}
        found[name] = _measure(float(statistic(rows.sum(axis=0))), intervals, units)
    return found


def _in_bins(true: NDArray[np.intp], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (images, bins, 2): correctness minus confidence, and 1, in the bin of each image."""
    confidence = probabilities.max(axis=1)
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    rows = np.zeros((len(true), BINS, 2))
    rows[np.arange(len(true)), place, 0] = (probabilities.argmax(axis=1) == true) - confidence
    rows[np.arange(len(true)), place, 1] = 1
    return rows


def _calibration_error(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ECE (Guo et al. 2017, equation 3) from sums over images, (..., bins, 2)."""
    found = np.abs(sums[..., 0]).sum(axis=-1) / np.maximum(sums[..., 1].sum(axis=-1), 1)
    return np.asarray(found)


def _mean(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(sums[..., 0] / np.maximum(sums[..., 1], 1))


def _sum_by(rows: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.float64]:
    """Sum the rows of each unit."""
    index = {name: place for place, name in enumerate(dict.fromkeys(names))}
    sums = np.zeros((len(index), *rows.shape[1:]))
    np.add.at(sums, [index[name] for name in names], rows)
    return sums


def score_classes(confusion: NDArray[np.float64], labels: Sequence[str]) -> tuple[ClassScores, ...]:
    """Return precision, recall and F1 of each label, 0 where undefined."""
    right = np.diagonal(confusion)
    images, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    return tuple(
        ClassScores(
            label,
            float(right[place] / max(predicted[place], 1)),
            float(right[place] / max(images[place], 1)),
            float(2 * right[place] / max(images[place] + predicted[place], 1)),
            int(images[place]),
        )
        for place, label in enumerate(labels)
    )


def compare_groups(made: Sequence[Prediction], labels: Sequence[str], kind: str, units: Units) -> GroupScores:
    """Score the images of each value of a kind of group, and each two values against each other."""
    values = [one.groups.get(kind) or UNKNOWN for one in made]
    if units.kind == kind:  # a value would be one unit
        units = Units(IMAGE, tuple(one.path for one in made))
    places = {
        name: [place for place, value in enumerate(values) if value == name] for name in sorted(set(values))
    }
    scored = tuple(_score_value(name, made, labels, units, where) for name, where in places.items())
    enough = [one.value for one in scored if one.units >= FEWEST]
    gaps = tuple(
        _gap((one, places[one]), (other, places[other]), made, labels, units, metric)
        for one, other in combinations(enough, 2)
        for metric in METRICS
    )
    return GroupScores(kind, units.kind, scored, gaps)


def _score_value(
    value: str, made: Sequence[Prediction], labels: Sequence[str], units: Units, where: Sequence[int]
) -> ValueScores:
    own, names = [made[place] for place in where], tuple(units.names[place] for place in where)
    counts, own_units = count(own, labels, names), [Units(units.kind, names)]
    scores = {
        metric: _measure(
            metric_of(counts, metric), {units.kind: partial(score_interval, counts, metric)}, own_units
        )
        for metric in METRICS
    }
    images = Counter(one.label for one in own)
    right = Counter(one.label for one in own if one.predicted == one.label)
    recall = {label: right[label] / images[label] for label in labels if images[label]}
    return ValueScores(value, len(own), len(set(names)), scores, recall)


def _gap(
    one: tuple[str, Sequence[int]],
    other: tuple[str, Sequence[int]],
    made: Sequence[Prediction],
    labels: Sequence[str],
    units: Units,
    metric: str,
) -> Gap:
    """Compute a gap. Units with images of one value alone are drawn apart from those of the other."""
    both = [*one[1], *other[1]]
    counts = cluster_confusions(
        [made[place].label for place in both],
        [made[place].predicted for place in both],
        [units.names[place] for place in both],
        [*labels, NO_FACE],
        folds=["one"] * len(one[1]) + ["other"] * len(other[1]),
    )
    first, second = counts[:, :1], counts[:, 1:]
    strata = [(bool(own.any()), bool(others.any())) for own, others in zip(first, second, strict=True)]
    found = difference_interval(first, second, metric, strata)
    value = metric_of(first, metric) - metric_of(second, metric)
    return Gap(one[0], other[0], metric, Measure(value, {units.kind: (found.low, found.high)}))
