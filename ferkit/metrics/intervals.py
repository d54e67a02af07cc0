"""95% intervals by the bootstrap: of a score, and of the difference between two runs' scores."""

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
METRICS = ("accuracy", "mean_recall", "macro_f1")

Sums = NDArray[np.float64]
"""(clusters, labels, labels): a confusion for each cluster, rows the true class."""


@dataclass(frozen=True, slots=True)
class Interval:
    """low and high: where 95% of the resampled scores lie, as shares (0..1, or −1..1 for a difference)."""

    low: float
    high: float


def cluster_confusions(
    truth: Sequence[str], predicted: Sequence[str], clusters: Sequence[str], labels: Sequence[str]
) -> Sums:
    """A confusion for each cluster: all predictions of an image, or of all images of a movie or person."""
    place = {label: index for index, label in enumerate(labels)}
    row = {name: index for index, name in enumerate(dict.fromkeys(clusters))}
    counts = np.zeros((len(row), len(labels), len(labels)))
    for true, guess, cluster in zip(truth, predicted, clusters, strict=True):
        counts[row[cluster], place[true], place[guess]] += 1
    return counts


def score_interval(confusions: Sums, metric: str) -> Interval:
    """The interval of a metric of METRICS, clusters being drawn with replacement.

    Images of one movie resemble each other, so where there are groups these are the clusters: drawing
    images would pretend to more independent evidence than there is.
    """
    compute = _METRICS[metric]
    return _bootstrap(lambda drawn: compute(confusions[drawn].sum(axis=-3)), len(confusions))


def difference_interval(one: Sums, other: Sums, metric: str) -> Interval:
    """Of the metric of `one` less that of `other`, the same clusters being drawn for both."""
    compute = _METRICS[metric]

    def difference(drawn: NDArray[np.intp]) -> NDArray[np.float64]:
        return compute(one[drawn].sum(axis=-3)) - compute(other[drawn].sum(axis=-3))

    return _bootstrap(difference, len(one))


def metric_of(confusions: Sums, metric: str) -> float:
    """The metric over all clusters together."""
    return float(_METRICS[metric](confusions.sum(axis=0)))


def _bootstrap(statistic: Callable[[Any], NDArray[np.float64]], clusters: int) -> Interval:
    """BCa (Efron 1987); the plain percentiles where every draw gives the same."""

    def of_draws(drawn: NDArray[np.intp], axis: int = -1) -> NDArray[np.float64]:
        return statistic(np.moveaxis(drawn, axis, -1))

    def attempt(method: str) -> Any:
        return bootstrap(
            (np.arange(clusters),),
            of_draws,
            n_resamples=RESAMPLES,
            batch=50,
            vectorized=True,
            method=method,
            rng=np.random.default_rng(SEED),
        ).confidence_interval

    if clusters < 2:
        value = float(statistic(np.arange(clusters)))
        return Interval(value, value)
    # Where every draw gives the same, BCa divides by 0 and says so.
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", DegenerateDataWarning)
        found = attempt("BCa")
        if not np.isfinite([found.low, found.high]).all():
            found = attempt("percentile")
    return Interval(float(found.low), float(found.high))


def _accuracy(confusion: Sums) -> NDArray[np.float64]:
    right = np.trace(confusion, axis1=-2, axis2=-1)
    return np.asarray(right / confusion.sum(axis=(-2, -1)))


def _mean_recall(confusion: Sums) -> NDArray[np.float64]:
    images = confusion.sum(axis=-1)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    return _mean_over_seen(right / np.maximum(images, 1), images)


def _macro_f1(confusion: Sums) -> NDArray[np.float64]:
    images = confusion.sum(axis=-1)
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    return _mean_over_seen(2 * right / np.maximum(images + confusion.sum(axis=-2), 1), images)


def _mean_over_seen(values: Sums, images: Sums) -> NDArray[np.float64]:
    """A resample may lack a class altogether."""
    seen = images > 0
    return np.asarray((values * seen).sum(axis=-1) / seen.sum(axis=-1))


_METRICS: dict[str, Callable[[Sums], NDArray[np.float64]]] = {
    "accuracy": _accuracy,
    "mean_recall": _mean_recall,
    "macro_f1": _macro_f1,
}
