from __future__ import annotations

import numpy as np
import pytest

from ferkit.metrics import predict_labels, score

LABELS = ("anger", "fear", "neutral")
PROBABILITIES = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.4, 0.3, 0.3], [0.1, 0.2, 0.7]])


def test_the_most_probable_label_is_predicted_by_name() -> None:
    assert predict_labels(PROBABILITIES, LABELS) == ["anger", "fear", "anger", "neutral"]


def test_accuracy_counts_images_and_mean_recall_counts_classes() -> None:
    scores = score(["anger", "fear", "fear", "fear"], PROBABILITIES, LABELS)
    assert scores.accuracy == pytest.approx(2 / 4)
    assert scores.mean_recall == pytest.approx((1 / 1 + 1 / 3) / 2)


def test_columns_follow_the_labels_not_the_alphabet() -> None:
    reordered = score(["neutral"], np.array([[0.9, 0.1, 0.0]]), ("neutral", "fear", "anger"))
    assert reordered.accuracy == 1.0
