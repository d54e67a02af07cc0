"""Groups of near duplicates: connected components."""

from __future__ import annotations

import numpy as np

from ferkit.audit.near_duplicates import NO_PAIRS, Pairs
from ferkit.audit.near_groups import connect


def pairs(*found: tuple[int, int]) -> Pairs:
    first, second = np.array(found, dtype=np.intp).T
    return Pairs(first, second, np.ones(len(found), np.float32))


def test_a_chain_of_pairs_is_one_group_over_all_methods() -> None:
    numbers = connect(list("abcdef"), [pairs((1, 4)), pairs((4, 5), (0, 2))])
    assert numbers.tolist() == [0, 1, 0, 2, 1, 1]


def test_equal_files_are_one_group_without_any_pair() -> None:
    assert connect(["x", "y", "x", "z", "y"], [NO_PAIRS]).tolist() == [0, 1, 0, 2, 1]


def test_images_without_a_duplicate_are_groups_of_their_own() -> None:
    assert connect(list("abc"), [NO_PAIRS, NO_PAIRS]).tolist() == [0, 1, 2]
