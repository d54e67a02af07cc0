from __future__ import annotations

import pytest
from scipy.stats import binom

from ferkit.evaluation.metrics.label_order import find_permutation
from ferkit.evaluation.metrics.mcnemar import mcnemar


def test_mcnemar_counts_what_one_alone_has_right_and_is_exact() -> None:
    first = [True] * 9 + [False] * 1 + [True] * 20 + [False] * 5
    second = [False] * 9 + [True] * 1 + [True] * 20 + [False] * 5
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (9, 1)
    assert found.p_value == pytest.approx(2 * binom.cdf(1, 10, 0.5))


def test_runs_that_agree_on_every_image_are_no_different() -> None:
    assert mcnemar([True, False], [True, False]).p_value == 1.0


LABELS = ("anger", "fear", "neutral")


def test_two_exchanged_columns_are_found_by_name() -> None:
    confusion = [[2, 40, 3], [41, 1, 2], [3, 2, 45]]
    assert find_permutation(confusion, LABELS) == {"anger": "fear", "fear": "anger"}


@pytest.mark.parametrize(
    "confusion",
    [
        [[40, 3, 3], [2, 41, 2], [3, 2, 45]],
        [[15, 20, 10], [20, 15, 10], [10, 10, 25]],  # weak, but not mixed up
        [[0, 1, 0], [1, 0, 0], [0, 0, 1]],  # too few to tell
        [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[20, 0, 0], [30, 0, 0], [40, 0, 0]],  # always the same answer
    ],
)
def test_what_chance_or_weakness_explains_is_no_permutation(confusion: list[list[int]]) -> None:
    assert find_permutation(confusion, LABELS) == {}
