"""95% bootstrap intervals of a score, and of the difference between the scores of two runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

CONFIDENCE = 0.95
RESAMPLES = 2000
BATCH = 50
"""Number of draws at a time. Another number gives other draws."""
CHUNK = 1000
"""Number of clusters of which each is left out, at a time."""
SEED = 0
FEWEST = 5
"""Minimum number of groups or images for a meaningful interval."""
METRICS = ("accuracy", "mean_recall", "macro_f1")

Values = NDArray[np.float64]
Statistic = Callable[[Values], Values]
Sums = Values
"""(clusters, folds, labels, labels): a confusion matrix for each cluster and fold. Rows are the true class.

A fold is a test fold of a repeat. Scores are means over these folds, and so are resampled scores.
"""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95% interval of a score (0 to 1) or of a difference (−1 to 1)."""

    low: float
    high: float


def cluster_confusions(
    truth: Sequence[str],
    predicted: Sequence[str],
    clusters: Sequence[str],
    labels: Sequence[str],
    folds: Sequence[str] | None = None,
) -> Sums:
    """Count a confusion matrix for each cluster and fold.

    Args:
        truth: True label of each prediction.
        predicted: Predicted label.
        clusters: Cluster: the image, or its group, such as a movie or a person.
        labels: The labels, in order.
        folds: Fold of each prediction. By default, all belong to one fold.
    """
    places = folds or ["all"] * len(truth)
    place, row, column = (
        {name: index for index, name in enumerate(dict.fromkeys(names))}
        for names in (labels, clusters, places)
    )
    counts = np.zeros((len(row), len(column), len(labels), len(labels)))
    for true, guess, cluster, fold in zip(truth, predicted, clusters, places, strict=True):
        counts[row[cluster], column[fold], place[true], place[guess]] += 1
    return counts


def score_interval(confusions: Sums, metric: str) -> Interval:
    """Return the interval of a metric of METRICS. The bootstrap draws clusters with replacement.

    Use groups as clusters if there are any. Images of a movie are similar, so drawing images would give an
    interval that is too narrow.
    """
    return sums_interval(confusions, lambda drawn: _of_sums(drawn, metric))


def difference_interval(
    one: Sums, other: Sums, metric: str, strata: Sequence[object] | None = None
) -> Interval:
    """Return the interval of the metric of `one` minus that of `other`. Both use the same draws.

    Args:
        one: Counts of the clusters.
        other: Counts of the same clusters.
        metric: A metric of METRICS.
        strata: As for `sums_interval`.
    """
    split = one.shape[1]
    return sums_interval(
        np.concatenate([one, other], axis=1),
        lambda drawn: _of_sums(drawn[:, :split], metric) - _of_sums(drawn[:, split:], metric),
        strata,
    )


def metric_of(confusions: Sums, metric: str) -> float:
    """Return the mean over the folds of the metric over all clusters."""
    return float(_of_sums(confusions.sum(axis=0), metric))


def sums_interval(sums: Values, statistic: Statistic, strata: Sequence[object] | None = None) -> Interval:
    """Return the BCa interval of a statistic (Efron 1987), or percentiles if all draws give the same value.

    Args:
        sums: (clusters, ...): the sums of each cluster.
        statistic: Function of (draws, ...), the sums of the drawn clusters. It returns (draws,).
        strata: Stratum of each cluster. Each is drawn apart, so every draw has all strata. If one has a
            single cluster, all clusters are drawn together.
    """
    value = float(statistic(sums.sum(axis=0)[None])[0])
    if len(sums) < 2:
        return Interval(value, value)
    parts = _split_strata(len(sums), strata)
    drawn = np.sort(_draw(sums, statistic, parts))
    low, high = _percentiles(value, drawn, _acceleration(sums, statistic, parts))
    return Interval(*(float(np.percentile(drawn, 100 * one)) for one in (low, high)))


def _draw(sums: Values, statistic: Statistic, parts: Sequence[NDArray[np.intp]]) -> Values:
    """Return the statistic of each draw."""
    rng, count, found = np.random.default_rng(SEED), len(sums), []
    for _ in range(RESAMPLES // BATCH):
        weights = np.zeros((BATCH, count))
        for part in parts:
            drawn = part[rng.integers(0, len(part), (BATCH, len(part)))] + count * np.arange(BATCH)[:, None]
            weights += np.bincount(drawn.ravel(), minlength=BATCH * count).reshape(BATCH, count)
        found.append(statistic(np.tensordot(weights, sums, axes=1)))
    return np.concatenate(found)


def _acceleration(sums: Values, statistic: Statistic, parts: Sequence[NDArray[np.intp]]) -> float:
    """Return the acceleration of BCa, by leaving out each cluster once; NaN if nothing varies."""
    total, third, second = sums.sum(axis=0), 0.0, 0.0
    for part in parts:
        chunks = np.array_split(part, -(-len(part) // CHUNK))
        left = np.concatenate([statistic(total - sums[chunk]) for chunk in chunks])
        influence = (len(part) - 1) * (left.mean() - left)
        third += float((influence**3).sum()) / len(part) ** 3
        second += float((influence**2).sum()) / len(part) ** 2
    return third / second**1.5 / 6 if second else np.nan


def _percentiles(value: float, drawn: Values, acceleration: float) -> tuple[float, float]:
    """Return the fractions of the sorted draws that are the ends of the interval."""
    tails = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2
    bias = ndtri(((drawn < value).mean() + (drawn <= value).mean()) / 2)
    if not np.isfinite([bias, acceleration]).all():
        return tails
    corrected = [bias + ndtri(one) for one in tails]
    low, high = (float(ndtr(bias + one / (1 - acceleration * one))) for one in corrected)
    return low, high


def _split_strata(clusters: int, strata: Sequence[object] | None) -> list[NDArray[np.intp]]:
    """Return the positions of the clusters of each stratum; one for all if a stratum has a single cluster."""
    places = np.arange(clusters)
    if strata is None:
        return [places]
    split = [places[[one == name for one in strata]] for name in dict.fromkeys(strata)]
    return split if min(map(len, split)) > 1 else [places]


def _of_sums(drawn: Values, metric: str) -> Values:
    """Return the metric, shape (...), of confusion matrices (..., folds, labels, labels)."""
    return _mean_over_seen(_METRICS[metric](drawn), drawn.sum(axis=(-2, -1)))


def _accuracy(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    right = np.trace(confusion, axis1=-2, axis2=-1)
    return np.asarray(right / np.maximum(confusion.sum(axis=(-2, -1)), 1e-9))


def _mean_recall(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    images = confusion.sum(axis=-1)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    return _mean_over_seen(right / np.maximum(images, 1e-9), images)


def _macro_f1(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    images = confusion.sum(axis=-1)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    return _mean_over_seen(2 * right / np.maximum(images + confusion.sum(axis=-2), 1e-9), images)


def _mean_over_seen(values: NDArray[np.float64], images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the last axis, without classes or folds that a resample does not contain."""
    seen = images > 0
    return np.asarray((values * seen).sum(axis=-1) / np.maximum(seen.sum(axis=-1), 1))


_METRICS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "accuracy": _accuracy,
    "mean_recall": _mean_recall,
    "macro_f1": _macro_f1,
}
