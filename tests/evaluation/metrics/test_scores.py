"""Scores, against numbers worked out by hand and scikit-learn's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, f1_score

from ferkit.evaluation.metrics.scores import predict_labels, score

LABELS = ("anger", "fear", "neutral")
PROBABILITIES = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.4, 0.3, 0.3], [0.1, 0.2, 0.7]])
TRUTH = ["anger", "fear", "fear", "fear"]


def test_the_most_probable_label_is_predicted_by_name() -> None:
    assert predict_labels(PROBABILITIES, LABELS) == ["anger", "fear", "anger", "neutral"]


def test_accuracy_counts_images_and_mean_recall_counts_classes() -> None:
    scores = score(TRUTH, PROBABILITIES, LABELS)
    assert scores.accuracy == pytest.approx(2 / 4)
    assert scores.mean_recall == pytest.approx((1 / 1 + 1 / 3) / 2)


def test_columns_follow_the_labels_not_the_alphabet() -> None:
    reordered = score(["neutral"], np.array([[0.9, 0.1, 0.0]]), ("neutral", "fear", "anger"))
    assert reordered.accuracy == 1.0


def test_nll_and_brier_by_hand() -> None:
    scores = score(TRUTH, PROBABILITIES, LABELS)
    assert scores.nll == pytest.approx(-np.log([0.8, 0.5, 0.3, 0.2]).mean())
    by_image = [
        0.2**2 + 2 * 0.1**2,
        0.2**2 + 0.5**2 + 0.3**2,
        0.4**2 + 0.7**2 + 0.3**2,
        0.1**2 + 0.8**2 + 0.7**2,
    ]
    assert scores.brier == pytest.approx(np.mean(by_image))


def test_brier_of_two_classes_is_twice_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    sure = generator.random(50)
    truth = generator.integers(0, 2, 50)
    scores = score([("no", "yes")[one] for one in truth], np.stack([1 - sure, sure], axis=1), ("no", "yes"))
    assert scores.brier == pytest.approx(2 * brier_score_loss(truth, sure))


def test_a_certain_mistake_is_not_infinitely_wrong() -> None:
    assert math.isfinite(score(["fear"], np.array([[1.0, 0.0]]), ("anger", "fear")).nll)


def test_macro_f1_and_classes_agree_with_scikit_learn_and_absent_classes_are_left_out() -> None:
    scores = score(TRUTH, PROBABILITIES, LABELS)
    predicted = predict_labels(PROBABILITIES, LABELS)
    expected = f1_score(TRUTH, predicted, labels=["anger", "fear"], average="macro")
    assert scores.macro_f1 == pytest.approx(expected)
    anger, fear, neutral = scores.classes
    assert (anger.recall, anger.precision, anger.images) == (1.0, 0.5, 1)
    assert (fear.recall, fear.precision, fear.images) == (pytest.approx(1 / 3), 1.0, 3)
    assert (neutral.precision, neutral.images) == (0.0, 0)


def test_confusion_has_the_true_class_in_rows_and_the_labels_order() -> None:
    assert score(TRUTH, PROBABILITIES, LABELS).confusion == ((1, 0, 0), (1, 1, 1), (0, 0, 0))
    turned = score(TRUTH, PROBABILITIES[:, ::-1], LABELS[::-1])
    assert turned.confusion == ((0, 0, 0), (1, 1, 1), (0, 0, 1))
