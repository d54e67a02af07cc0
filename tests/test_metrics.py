"""`ferkit.metrics`: metrics from Python, the same as those of runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.metrics import confusion_matrix as counts

import ferkit
from ferkit import metrics
from ferkit.errors import DataError
from ferkit.evaluation.metrics.scores import predict_labels
from ferkit.evaluation.metrics.scores import score as score_of_a_run

LABELS = ("anger", "fear", "neutral")
RNG = np.random.default_rng(0)
TRUTH = RNG.choice(LABELS, 60).tolist()
PROBABILITIES = RNG.dirichlet(np.ones(3), 60)
PREDICTED = predict_labels(PROBABILITIES, LABELS)
PEOPLE = [number // 4 for number in range(60)]


def test_metrics_are_those_of_runs_and_of_scikit_learn() -> None:
    run = score_of_a_run(TRUTH, PROBABILITIES, LABELS)
    assert metrics.accuracy(TRUTH, PREDICTED) == pytest.approx(accuracy_score(TRUTH, PREDICTED))
    assert metrics.uar(TRUTH, PREDICTED) == pytest.approx(balanced_accuracy_score(TRUTH, PREDICTED))
    assert metrics.macro_f1(TRUTH, PREDICTED) == pytest.approx(f1_score(TRUTH, PREDICTED, average="macro"))
    assert metrics.uar(TRUTH, PREDICTED) == pytest.approx(run.mean_recall)
    assert metrics.confusion_matrix(TRUTH, PREDICTED, LABELS).tolist() == counts(TRUTH, PREDICTED).tolist()
    assert metrics.calibration_error(TRUTH, PROBABILITIES, LABELS) == run.ece
    assert metrics.score(TRUTH, PROBABILITIES, LABELS) == run


def test_a_class_without_images_does_not_lower_the_mean() -> None:
    assert metrics.uar(["a", "a"], ["a", "b"]) == 0.5
    assert metrics.macro_f1(["a", "a"], ["a", "b"]) == pytest.approx(2 / 3)


def test_rows_of_a_confusion_matrix_are_the_truth() -> None:
    assert metrics.confusion_matrix(["a", "a", "b"], ["b", "a", "b"]).tolist() == [[1, 1], [0, 1]]
    assert metrics.confusion_matrix(["a"], ["b"], ["b", "a"]).tolist() == [[0, 0], [1, 0]]


def test_arrays_and_columns_are_as_good_as_lists() -> None:
    table = pd.DataFrame(
        {"label": TRUTH, "predicted": PREDICTED, **dict(zip(LABELS, PROBABILITIES.T, strict=True))}
    )
    expected = metrics.accuracy(TRUTH, PREDICTED)
    assert metrics.accuracy(table["label"], table["predicted"]) == expected
    assert metrics.accuracy(np.array(TRUTH), np.array(PREDICTED)) == expected
    assert metrics.score(table["label"], table[list(LABELS)], LABELS).accuracy == expected


def test_an_interval_has_the_value_and_is_wider_for_groups_of_similar_images() -> None:
    truth = ["a"] * 80
    predicted = [("a" if person % 3 else "b") for person in range(20) for _ in range(4)]
    people = [person for person in range(20) for _ in range(4)]
    by_image = metrics.interval(truth, predicted)
    by_person = metrics.interval(truth, predicted, clusters=people)
    value = metrics.accuracy(truth, predicted)
    assert by_person.low < by_image.low < value < by_image.high < by_person.high
    assert metrics.interval(TRUTH, PREDICTED, "uar") == metrics.interval(TRUTH, PREDICTED, "mean_recall")


def test_a_difference_has_the_sign_of_first_minus_second() -> None:
    found = metrics.difference_interval(TRUTH, TRUTH, PREDICTED, clusters=PEOPLE)
    assert 0 < found.low < 1 - metrics.accuracy(TRUTH, PREDICTED) < found.high
    none = metrics.difference_interval(TRUTH, PREDICTED, PREDICTED)
    assert (none.low, none.high) == (0, 0)
    test = metrics.mcnemar(TRUTH, TRUTH, PREDICTED)
    assert (test.only_first, test.only_second) == (sum(np.array(TRUTH) != np.array(PREDICTED)), 0)


def test_a_temperature_is_fitted_and_applied() -> None:
    sharp = metrics.apply_temperature(PROBABILITIES, 0.1)
    temperature = metrics.fit_temperature(TRUTH, sharp, LABELS)
    assert temperature > 1
    softer = metrics.apply_temperature(sharp, temperature)
    before, after = (metrics.calibration_error(TRUTH, one, LABELS) for one in (sharp, softer))
    assert after < before
    assert sum(one.images for one in metrics.reliability(TRUTH, softer, LABELS, bins=5)) == len(TRUTH)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("accuracy", (["a"], []), "expected 1 labels"),
        ("uar", ([], []), "at least one image"),
        ("confusion_matrix", (["a"], ["x"], ["a", "b"]), "'x' is not among a, b"),
        ("interval", (["a"] * 9, ["a"] * 9, "uaf"), "Did you mean 'uar'"),
        ("interval", (["a"] * 4, ["a"] * 4), "at least 5 clusters, got 4"),
        ("interval", (["a"] * 9, ["a"] * 9, "uar", [1, 2]), "clusters: expected 9"),
        ("difference_interval", (["a"] * 9, ["a"] * 9, ["a"]), "expected 9"),
        ("mcnemar", (["a"], ["a"], []), "expected 1"),
        ("score", (["a"], [[0.5, 0.5]], ["b", "c"]), "'a' is not among b, c"),
        ("score", (["a"], [[0.5]], ["a", "b"]), r"expected shape \(1, 2\)"),
        ("score", (["a"], [["x", 0.5]], ["a", "b"]), "expected numbers"),
        ("calibration_error", (["a"], [[2.0, -1.0]], ["a", "b"]), "softmax"),
        ("calibration_error", (["a"], [[float("nan"), 1.0]], ["a", "b"]), "softmax"),
        ("reliability", (["a"], [[0.5, 0.5]], ["a", "b"], 0), "bins"),
        ("fit_temperature", ([], np.zeros((0, 2)), ["a", "b"]), "one row or more"),
    ],
)
def test_wrong_arguments_are_named(name: str, arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        getattr(metrics, name)(*arguments)


def test_the_module_is_an_attribute_of_ferkit() -> None:
    assert ferkit.metrics is metrics
    assert all(hasattr(metrics, name) for name in metrics.__all__)
    assert "metrics" in dir(ferkit)
