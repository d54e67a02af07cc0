"""Shares that were worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ferkit.evaluation.leakage import crossing, describe_leaks, leaked_fraction
from ferkit.evaluation.protocol import Fold
from ferkit.interfaces import Sample

SAMPLES = [
    Sample(Path(f"{number}.png"), "anger", {"movie": clip[0], "clip": clip})
    for number, clip in enumerate(["A1", "A1", "A2", "B1", "B1", "B2", "C1", "D1"])
]


def fold(train: list[int], test: list[int], validation: list[int] | None = None) -> Fold:
    chosen = None if validation is None else np.array(validation)
    return Fold(0, 0, np.array(train), np.array(test), chosen)


def test_a_test_image_leaks_where_its_group_is_in_training() -> None:
    assert leaked_fraction(["A", "B"], ["A", "A", "C", "D"]) == 0.5
    assert leaked_fraction(["A"], ["B"]) == 0
    assert leaked_fraction(["A"], []) == 0


def test_the_share_is_the_mean_over_the_folds() -> None:
    # Of the first fold's test images 1 and 4 have their clip in training, 2, 7 don't; of the second's none.
    folds = [fold([0, 3, 5, 6], [1, 2, 4, 7]), fold([6, 7], [0, 1, 2, 3, 4, 5])]
    assert crossing(folds, SAMPLES, "clip") == (2 / 4 + 0) / 2
    assert crossing(folds, SAMPLES, "movie") == (3 / 4 + 0) / 2


def test_images_that_choose_count_as_seen() -> None:
    assert crossing([fold([6], [1, 7])], SAMPLES, "clip") == 0
    assert crossing([fold([6], [1, 7], [0])], SAMPLES, "clip") == 0.5


def test_each_kind_that_crosses_has_a_sentence() -> None:
    crosses_by_movie = [fold([0, 1], [2, 3, 4, 5])]
    (warning,) = describe_leaks(crosses_by_movie, SAMPLES)
    assert warning.startswith("25.0% of the test images have another image of the same movie in training")
    assert len(describe_leaks([fold([0], [1])], SAMPLES)) == 2
    assert describe_leaks([fold([0, 1, 2], [3, 4])], SAMPLES) == []
