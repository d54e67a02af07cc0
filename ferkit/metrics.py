"""Scores of predicted probabilities against true labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, recall_score


@dataclass(frozen=True, slots=True)
class Scores:
    """accuracy: the share of images that are right; mean_recall: the mean over classes of it. 0..1."""

    accuracy: float
    mean_recall: float


def score(truth: Sequence[str], probabilities: NDArray[np.float64], labels: Sequence[str]) -> Scores:
    """truth: the true label's name of each image; probabilities: (images, labels)."""
    predicted = predict_labels(probabilities, labels)
    return Scores(
        float(accuracy_score(truth, predicted)),
        float(recall_score(truth, predicted, labels=sorted(set(truth)), average="macro")),
    )


def predict_labels(probabilities: NDArray[np.float64], labels: Sequence[str]) -> list[str]:
    """The most probable label's name for each row."""
    return [labels[index] for index in probabilities.argmax(axis=1)]
