"""Answers of a model file that are no probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ferkit.errors import ComponentError, RunError
from ferkit.predict.model.judge import judge

FACES = np.zeros((2, 4, 4, 3), np.float32)
LABELS = ("anger", "fear")


def judged(answer: object) -> NDArray[np.float64]:
    return judge(lambda _: np.asarray(answer, dtype=float), FACES, LABELS, "m.onnx")


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ([[0.5, 0.5]], r"shape \(2, 2\) .* got \(1, 2\)"),
        ([[[0.5, 0.5], [0.5, 0.5]]], r"got \(1, 2, 2\)"),
        ([[0.5, 0.5], [0.5, np.nan]], "not finite"),
        ([[0.5, 0.5], [np.inf, 0]], "not finite"),
        ([[0.5, 0.5], [2.0, -1.0]], r"from 0 to 1 .* got \[2.0, -1.0\]"),
        ([[0.5, 0.5], [3.0, 5.0]], r"add up to 1, got \[3.0, 5.0\]"),
        ([[0.5, 0.5], [0, 0]], r"add up to 1, got \[0.0, 0.0\]"),
        ([[0.5, 0.502], [0.5, 0.5]], "add up to 1"),
    ],
)
def test_answers_that_are_no_probabilities_are_refused(answer: object, word: str) -> None:
    with pytest.raises(RunError, match=f"m.onnx: .*{word}.*Export it again"):
        judged(answer)


def test_probabilities_are_returned_as_they_are() -> None:
    assert judged([[0.25, 0.7503], [0, 1]]).tolist() == [[0.25, 0.7503], [0, 1]]


def test_a_model_that_fails_is_named_with_the_reason() -> None:
    def fail(faces: NDArray[np.float32]) -> NDArray[np.float64]:
        raise ValueError("cannot allocate 10 TB")

    with pytest.raises(RunError, match=r"m\.onnx: cannot allocate 10 TB\. .*smaller batch"):
        judge(fail, FACES, LABELS, "m.onnx")


def test_errors_of_components_stay_theirs() -> None:
    def fail(faces: NDArray[np.float32]) -> NDArray[np.float64]:
        raise ComponentError("the head broke")

    with pytest.raises(ComponentError, match="the head broke"):
        judge(fail, FACES, LABELS, "m.onnx")
