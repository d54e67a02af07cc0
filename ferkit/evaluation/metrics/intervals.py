"""95% bootstrap intervals of a score, and of the difference between the scores of two runs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, bootstrap

RESAMPLES = 2000
SEED = 0
FEWEST = 5
"""Minimum number of groups or images for a meaningful interval."""
METRICS = ("accuracy", "mean_recall", "macro_f1")

Sums = NDArray[np.float64]
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
    return _bootstrap(lambda weights: _of_draws(confusions, weights, metric), len(confusions))


def difference_interval(
    one: Sums, other: Sums, metric: str, strata: Sequence[object] | None = None
) -> Interval:
    """Return the interval of the metric of `one` minus that of `other`. Both use the same draws.

    Args:
        one: Counts of the clusters.
        other: Counts of the same clusters.
        metric: A metric of METRICS.
        strata: Stratum of each cluster. Each is drawn apart, so that no draw lacks one, unless one has a
            single cluster.
    """

    def difference(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return _of_draws(one, weights, metric) - _of_draws(other, weights, metric)

    return _bootstrap(difference, len(one), strata)


def sums_interval(
    sums: NDArray[np.float64], statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> Interval:
    """Return the interval of a statistic of sums over clusters.

    Args:
        sums: (clusters, ...): the sums of each cluster.
        statistic: Function of (draws, ...): the sums of the drawn clusters. It returns (draws,).
    """
    return _bootstrap(lambda weights: statistic(np.tensordot(weights, sums, axes=1)), len(sums))


def metric_of(confusions: Sums, metric: str) -> float:
    """Return the mean over the folds of the metric over all clusters."""
    return float(_of_draws(confusions, np.ones(len(confusions)), metric))


def _of_draws(confusions: Sums, weights: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    """Return the metric, shape (...), for weights (..., clusters): the number of times each was drawn."""
    drawn = np.tensordot(weights, confusions, axes=1)
    images = drawn.sum(axis=(-2, -1))
    return _mean_over_seen(_METRICS[metric](drawn), images)


def _bootstrap(
    statistic: Callable[[Any], NDArray[np.float64]],
    clusters: int,
    strata: Sequence[object] | None = None,
) -> Interval:
    """Return the BCa interval (Efron 1987), or percentiles if all draws give the same value.

    Args:
        statistic: Function of weights (..., clusters) that returns (...).
        clusters: Number of clusters.
        strata: Stratum of each cluster.
    """
    drawn_apart = _split_strata(clusters, strata)

    def of_draws(*drawn: NDArray[np.intp], axis: int = -1) -> NDArray[np.float64]:
        parts = [np.moveaxis(one, axis, -1) for one in drawn]
        shape = np.broadcast_shapes(*(one.shape[:-1] for one in parts))
        rows = np.concatenate([np.broadcast_to(one, (*shape, one.shape[-1])) for one in parts], axis=-1)
        flat = rows.reshape(-1, rows.shape[-1])
        weights = np.zeros((len(flat), clusters))
        np.add.at(weights, (np.arange(len(flat))[:, None], flat), 1)
        return statistic(weights).reshape(rows.shape[:-1])

    def attempt(method: str) -> Any:
        return bootstrap(
            drawn_apart,
            of_draws,
            n_resamples=RESAMPLES,
            batch=50,
            vectorized=True,
            method=method,
            rng=np.random.default_rng(SEED),
        ).confidence_interval

    if clusters < 2:
        value = float(statistic(np.ones(clusters)))
        return Interval(value, value)
    # If all draws give the same value, BCa divides by 0 and warns.
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", DegenerateDataWarning)
        found = attempt("BCa")
        if not np.isfinite([found.low, found.high]).all():
            found = attempt("percentile")
    return Interval(float(found.low), float(found.high))


def _split_strata(clusters: int, strata: Sequence[object] | None) -> list[NDArray[np.intp]]:
    """Return the positions of the clusters of each stratum; one for all if a stratum has a single cluster."""
    places = np.arange(clusters)
    if strata is None:
        return [places]
    split = [places[[one == name for one in strata]] for name in dict.fromkeys(strata)]
    return split if min(map(len, split)) > 1 else [places]


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
