"""Scores of predicted probabilities against true labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, precision_recall_fscore_support

from ferkit.evaluation.metrics.calibration import SMALLEST, calibration_error


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Precision, recall and F1 of a class (0 to 1), and its number of images."""

    label: str
    precision: float
    recall: float
    f1: float
    images: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of a set of predictions. Means over classes ignore classes without images.

    Attributes:
        accuracy: Fraction of correct images, 0 to 1.
        mean_recall: UAR (balanced accuracy), the mean of recall over classes, 0 to 1.
        macro_f1: Mean of 2PR/(P+R) over classes, 0 to 1.
        nll: Mean of −log of the true class's probability, in nats.
        brier: Mean squared distance to the one-hot truth, summed over classes, 0 to 2 (Brier 1950).
        ece: Expected calibration error (Guo et al. 2017).
        classes: Scores of each class.
        confusion: Counts, `confusion[true][predicted]`, in the order of the labels.
    """

    accuracy: float
    mean_recall: float
    macro_f1: float
    nll: float
    brier: float
    ece: float
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]


def score(truth: Sequence[str], probabilities: NDArray[np.float64], labels: Sequence[str]) -> Scores:
    """Score predictions.

    Args:
        truth: True label of each image.
        probabilities: (images, labels). Each row sums to 1.
        labels: The labels, in the order of the columns.
    """
    predicted = predict_labels(probabilities, labels)
    names = list(labels)
    precision, recall, f1, images = precision_recall_fscore_support(
        truth, predicted, labels=names, zero_division=0
    )
    seen = images > 0
    index = {label: position for position, label in enumerate(labels)}
    true = np.array([index[label] for label in truth])
    certain = np.clip(probabilities, SMALLEST, None)
    certain /= certain.sum(axis=1, keepdims=True)
    one_hot = np.eye(len(labels))[true]
    columns = (precision.tolist(), recall.tolist(), f1.tolist(), images.tolist())
    return Scores(
        accuracy=float(accuracy_score(truth, predicted)),
        mean_recall=float(recall[seen].mean()),
        macro_f1=float(f1[seen].mean()),
        nll=float(log_loss(true, certain, labels=range(len(labels)))),
        brier=float(((probabilities - one_hot) ** 2).sum(axis=1).mean()),
        ece=calibration_error(true, probabilities),
        classes=tuple(ClassScores(*values) for values in zip(labels, *columns, strict=True)),
        confusion=tuple(tuple(row) for row in confusion_matrix(truth, predicted, labels=names).tolist()),
    )


def predict_labels(probabilities: NDArray[np.float64], labels: Sequence[str]) -> list[str]:
    """Return the most probable label of each row."""
    return [labels[index] for index in probabilities.argmax(axis=1)]
