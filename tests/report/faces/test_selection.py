from __future__ import annotations

import numpy as np

from ferkit.evaluation.run_files import Predictions
from ferkit.report.faces.selection import Guess, list_guesses, surest_mistakes, varied_faces


def guess(path: str, true: str, predicted: str, probability: float = 0.5, repeat: int = 0) -> Guess:
    return Guess(path, true, predicted, probability, repeat, 0)


def test_predictions_are_listed_with_their_repeat_and_fold() -> None:
    one = Predictions(["a", "b"], ["x.png"], ["a"], np.array([[0.3, 0.7]]))
    assert list(list_guesses([[one], [one]]))[1] == Guess("x.png", "a", "b", 0.7, 1, 0)


def test_the_surest_mistakes_come_first_and_each_image_once() -> None:
    guesses = [
        guess("x", "a", "b", 0.6),
        guess("x", "a", "b", 0.9, repeat=1),
        guess("y", "a", "a", 0.99),
        guess("z", "b", "a", 0.8),
        guess("w", "b", "a", 0.7),
    ]
    found = surest_mistakes(guesses, 2)
    assert [(one.path, one.probability, one.repeat) for one in found] == [("x", 0.9, 1), ("z", 0.8, 0)]


def test_faces_are_one_of_each_class_first_and_right_and_wrong_by_turns() -> None:
    labels = ["a", "b", "c"]
    guesses = [
        guess(f"{label}{number}", label, label if number % 2 else "c" if label != "c" else "a")
        for label in labels
        for number in range(3)
    ]
    found = varied_faces(guesses, labels, 5)
    assert [(one.true, one.is_right) for one in found] == [
        ("a", True),
        ("b", False),
        ("c", True),
        ("a", False),
        ("b", True),
    ]


def test_where_nothing_is_wrong_right_faces_are_taken_and_none_twice() -> None:
    guesses = [guess(f"{label}{number}", label, label) for label in "ab" for number in range(2)]
    assert sorted(one.path for one in varied_faces(guesses, ["a", "b"])) == ["a0", "a1", "b0", "b1"]
