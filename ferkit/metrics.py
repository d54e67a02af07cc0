"""Metrics of predictions: the functions behind the scores of runs and evaluations.

Labels are names. All functions take lists, arrays and columns of a DataFrame.

Example:
    >>> from ferkit import metrics
    >>> metrics.uar(["anger", "fear", "fear"], ["anger", "fear", "anger"])
    0.75
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferkit.errors import DataError
from ferkit.evaluation.metrics import calibration, intervals, scores
from ferkit.evaluation.metrics.calibration import ReliabilityBin, apply_temperature
from ferkit.evaluation.metrics.intervals import FEWEST, METRICS, Interval
from ferkit.evaluation.metrics.mcnemar import McNemar
from ferkit.evaluation.metrics.mcnemar import mcnemar as compare_correctness
from ferkit.evaluation.metrics.scores import ClassScores, Scores
from ferkit.messages import shorten, suggest

__all__ = [
    "ClassScores",
    "Interval",
    "McNemar",
    "ReliabilityBin",
    "Scores",
    "accuracy",
    "apply_temperature",
    "calibration_error",
    "confusion_matrix",
    "difference_interval",
    "fit_temperature",
    "interval",
    "macro_f1",
    "mcnemar",
    "reliability",
    "score",
    "uar",
]


def accuracy(truth: Iterable[str], predicted: Iterable[str]) -> float:
    """Return the fraction of correct images, 0 to 1.

    Args:
        truth: True label of each image.
        predicted: Predicted label of each image.

    Raises:
        DataError: The lengths differ, or there are no images.
    """
    return _measure("accuracy", truth, predicted)


def uar(truth: Iterable[str], predicted: Iterable[str]) -> float:
    """Return the UAR (unweighted average recall, balanced accuracy), 0 to 1.

    Recall is averaged over the classes with images. Arguments and errors as for `accuracy`.
    """
    return _measure("mean_recall", truth, predicted)


def macro_f1(truth: Iterable[str], predicted: Iterable[str]) -> float:
    """Return the mean over classes of F1 = 2PR/(P+R), 0 to 1.

    Classes without images are left out. Arguments and errors as for `accuracy`.
    """
    return _measure("macro_f1", truth, predicted)


def confusion_matrix(
    truth: Iterable[str], predicted: Iterable[str], labels: Sequence[str] | None = None
) -> NDArray[np.int64]:
    """Count the images of each true and predicted label.

    Args:
        truth: True label of each image.
        predicted: Predicted label of each image.
        labels: The labels, in order. Default: those that occur, sorted.

    Returns:
        (labels, labels) counts. Rows are the true label, columns the predicted one.

    Raises:
        DataError: The lengths differ, there are no images, or a label is not in `labels`.
    """
    sums = _confusions(truth, predicted, labels).sum(axis=(0, 1))
    return np.asarray(sums.round(), dtype=np.int64)


def interval(
    truth: Iterable[str],
    predicted: Iterable[str],
    metric: str = "accuracy",
    clusters: Iterable[object] | None = None,
) -> Interval:
    """Return the 95% bootstrap interval (BCa, Efron 1987) of a metric. 2,000 draws with a fixed seed.

    Args:
        truth: True label of each image.
        predicted: Predicted label of each image.
        metric: "accuracy", "uar" or "macro_f1".
        clusters: Group of each image, such as its person or movie, which is drawn as a whole. Images of a
            group are similar, so drawing images would give an interval that is too narrow. Default: images.

    Returns:
        `low` and `high`, 0 to 1.

    Raises:
        DataError: As for `accuracy`, or there are fewer than 5 clusters, or there is no such metric.
    """
    return intervals.score_interval(_confusions(truth, predicted, None, clusters, FEWEST), _key(metric))


def difference_interval(
    truth: Iterable[str],
    first: Iterable[str],
    second: Iterable[str],
    metric: str = "accuracy",
    clusters: Iterable[object] | None = None,
) -> Interval:
    """Return the 95% interval of the metric of `first` minus that of `second`, on the same images.

    Args:
        truth: True label of each image.
        first: Label that the first model predicts for each image.
        second: Label that the second model predicts.
        metric: "accuracy", "uar" or "macro_f1".
        clusters: As for `interval`.

    Returns:
        `low` and `high`, −1 to 1.

    Raises:
        DataError: As for `interval`.
    """
    truth, first, second = list(truth), list(first), list(second)
    labels = sorted({*truth, *first, *second})
    groups = None if clusters is None else list(clusters)
    one, other = (_confusions(truth, each, labels, groups, FEWEST) for each in (first, second))
    return intervals.difference_interval(one, other, _key(metric))


def mcnemar(truth: Iterable[str], first: Iterable[str], second: Iterable[str]) -> McNemar:
    """Compute the exact McNemar test (1947) of two models on the same images.

    Args:
        truth: True label of each image.
        first: Label that the first model predicts for each image.
        second: Label that the second model predicts.

    Raises:
        DataError: The lengths differ, or there are no images.
    """
    true, one = _pair(truth, first)
    _, other = _pair(true, second)
    right = ([a == b for a, b in zip(true, guess, strict=True)] for guess in (one, other))
    return compare_correctness(*right)


def score(truth: Iterable[str], probabilities: ArrayLike, labels: Sequence[str]) -> Scores:
    """Compute all scores of a run: accuracy, UAR, macro F1, NLL, Brier score, ECE, classes and confusion.

    Args:
        truth: True label of each image.
        probabilities: (images, labels). Each row sums to 1.
        labels: The labels, in the order of the columns.

    Raises:
        DataError: The shape or a value is wrong, or a label is not in `labels`.
    """
    true, array = _probabilities(truth, probabilities, labels)
    return scores.score(true, array, labels)


def calibration_error(
    truth: Iterable[str], probabilities: ArrayLike, labels: Sequence[str], bins: int = 15
) -> float:
    """Return the expected calibration error (ECE), 0 to 1 (Guo et al. 2017, equation 3).

    Args:
        truth: True label of each image.
        probabilities: (images, labels). Each row sums to 1.
        labels: The labels, in the order of the columns.
        bins: Number of bins of equal width, 1 or more.

    Raises:
        DataError: As for `score`.
    """
    true, array = _probabilities(truth, probabilities, labels)
    return calibration.calibration_error(_indices(true, labels), array, _check_bins(bins))


def reliability(
    truth: Iterable[str], probabilities: ArrayLike, labels: Sequence[str], bins: int = 15
) -> list[ReliabilityBin]:
    """Return confidence and accuracy of each bin with images. Arguments and errors as `calibration_error`."""
    true, array = _probabilities(truth, probabilities, labels)
    return calibration.reliability(_indices(true, labels), array, _check_bins(bins))


def fit_temperature(truth: Iterable[str], probabilities: ArrayLike, labels: Sequence[str]) -> float:
    """Fit the temperature of probabilities, 0.05 to 20, on validation images (Guo et al. 2017).

    `apply_temperature(probabilities, temperature)` applies it. Arguments and errors as for `score`.
    """
    true, array = _probabilities(truth, probabilities, labels)
    return calibration.fit_temperature(_indices(true, labels), array)


def _measure(metric: str, truth: Iterable[str], predicted: Iterable[str]) -> float:
    return intervals.metric_of(_confusions(truth, predicted, None), metric)


def _key(metric: str) -> str:
    """Return the key of a metric in summary.json. Raises DataError."""
    key = {"uar": "mean_recall"}.get(metric, metric)
    if key not in METRICS:
        known = ("accuracy", "uar", "macro_f1")
        raise DataError(f"metric: there is no {shorten(metric)!r}. {suggest(str(metric), known)}")
    return key


def _confusions(
    truth: Iterable[str],
    predicted: Iterable[str],
    labels: Sequence[str] | None,
    clusters: Iterable[object] | None = None,
    fewest: int = 0,
) -> NDArray[np.float64]:
    true, guess = _pair(truth, predicted)
    names = sorted({*true, *guess}) if labels is None else list(labels)
    if unknown := {*true, *guess}.difference(names):
        raise DataError(f"labels: {shorten(min(unknown))!r} is not among {', '.join(map(str, names))}")
    groups = list(range(len(true))) if clusters is None else list(clusters)
    if len(groups) != len(true):
        raise DataError(f"clusters: expected {len(true)}, one for each image, got {len(groups)}")
    if (found := len(set(groups))) < fewest:
        raise DataError(f"Cannot compute an interval: expected at least {fewest} clusters, got {found}")
    return intervals.cluster_confusions(true, guess, list(map(repr, groups)), names)


def _pair(truth: Iterable[str], predicted: Iterable[str]) -> tuple[list[str], list[str]]:
    true, guess = list(truth), list(predicted)
    if len(true) != len(guess):
        raise DataError(f"predicted: expected {len(true)} labels, one for each image, got {len(guess)}")
    if not true:
        raise DataError("truth: expected at least one image, got none")
    return true, guess


def _probabilities(
    truth: Iterable[str], probabilities: Any, labels: Sequence[str]
) -> tuple[list[str], NDArray[np.float64]]:
    true = list(truth)
    if unknown := set(true).difference(labels):
        raise DataError(f"labels: {shorten(min(unknown))!r} is not among {', '.join(map(str, labels))}")
    try:
        array = np.asarray(probabilities, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"probabilities: expected numbers, got {shorten(error)}") from error
    expected = (len(true), len(labels))
    if not true or array.shape != expected:
        raise DataError(f"probabilities: expected shape {expected}, one row or more, got {array.shape}")
    if not ((array >= 0) & (array <= 1)).all() or np.abs(array.sum(axis=1) - 1).max() > 1e-3:
        raise DataError(
            "probabilities: expected numbers from 0 to 1 whose rows sum to 1. Apply softmax first"
        )
    return true, array


def _indices(truth: Sequence[str], labels: Sequence[str]) -> NDArray[np.intp]:
    place = {label: index for index, label in enumerate(labels)}
    return np.array([place[label] for label in truth], dtype=np.intp)


def _check_bins(bins: int) -> int:
    if bins < 1:
        raise DataError(f"bins: expected 1 or more, got {bins}")
    return bins
