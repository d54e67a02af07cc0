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
    """One class. precision, recall and f1 in 0..1; images: of that class."""

    label: str
    precision: float
    recall: float
    f1: float
    images: int


@dataclass(frozen=True, slots=True)
class Scores:
    """What a set of predictions comes to.

    accuracy: the fraction of images that are right; mean_recall: the mean over classes of it; macro_f1: the
    mean over classes of 2PR/(P+R); all in 0..1, classes without an image left out. nll: the mean of −log of
    the true class's probability (nats); brier: the mean over images of the squared distance from the
    one-hot truth, summed over the classes (0..2; Brier 1950); ece: the expected calibration error (Guo et al.
    2017). confusion[true][predicted]: counts, in the order of the labels.
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
    """truth: the true label's name of each image; probabilities: (images, labels), rows adding up to 1."""
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
    """The most probable label's name for each row."""
    return [labels[index] for index in probabilities.argmax(axis=1)]
