from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ferkit.errors import DataError
from ferkit.protocol import EpochScore, cells, select
from ferkit.recipe import Protocol

TRUTH = ["anger"] * 10 + ["disgust"] * 7 + ["fear"] * 10


def test_every_face_is_tested_once_in_each_repeat() -> None:
    for repeat in range(2):
        tested = [c.test for c in cells(Protocol(repeats=2), TRUTH) if c.repeat == repeat]
        assert sorted(np.concatenate(tested)) == list(range(len(TRUTH)))


def test_no_face_trains_and_tests_in_the_same_cell() -> None:
    for cell in cells(Protocol(folds=3), TRUTH):
        assert not set(cell.train) & set(cell.test)
        assert len(cell.train) + len(cell.test) == len(TRUTH)


def test_folds_have_the_classes_in_equal_shares() -> None:
    for cell in cells(Protocol(repeats=1), TRUTH):
        counts = Counter(TRUTH[position] for position in cell.test)
        assert counts["anger"] == counts["fear"] == 5
        assert counts["disgust"] in (3, 4)


@pytest.mark.parametrize(("new_folds", "is_same"), [(False, True), (True, False)])
def test_repeats_share_their_folds_unless_told_otherwise(new_folds: bool, is_same: bool) -> None:
    first, _, second, _ = cells(Protocol(repeats=2, new_folds=new_folds), TRUTH)
    assert (list(first.test) == list(second.test)) is is_same


def test_the_seed_decides_the_folds() -> None:
    def tests_of(seed: int) -> list[list[int]]:
        return [c.test.tolist() for c in cells(Protocol(repeats=1, seed=seed), TRUTH)]

    assert tests_of(0) == tests_of(0)
    assert tests_of(0) != tests_of(1)


def test_a_class_with_one_image_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"class 'disgust' has 1 image; 2 stratified folds need at least 2"):
        list(cells(Protocol(), ["anger"] * 4 + ["disgust"]))


# Two folds, three epochs: fold 0 is best in epoch 2, fold 1 in epoch 3, both together in epoch 3.
HISTORY = [
    EpochScore(0, fold, epoch, accuracy, accuracy / 2)
    for fold, accuracies in enumerate([(0.2, 0.5, 0.4), (0.1, 0.2, 0.6)])
    for epoch, accuracy in enumerate(accuracies, start=1)
]


def test_best_epoch_is_the_mean_of_each_folds_maximum_and_says_it_was_selected() -> None:
    best = select(HISTORY)["best_epoch"]
    assert best.accuracy == pytest.approx((0.5 + 0.6) / 2)
    assert best.epochs == [[2, 3]]
    assert best.selected_on_test


def test_best_common_epoch_is_one_epoch_for_all_folds() -> None:
    common = select(HISTORY)["best_common_epoch"]
    assert common.accuracy == pytest.approx((0.4 + 0.6) / 2)
    assert common.epochs == [[3, 3]]
    assert common.selected_on_test


def test_last_epoch_is_not_selected_on_the_test_fold() -> None:
    last = select(HISTORY)["last_epoch"]
    assert last.folds == [[0.4, 0.6]]
    assert last.mean_recall == pytest.approx(0.25)
    assert not last.selected_on_test


def test_the_earliest_of_equally_good_epochs_is_taken() -> None:
    flat = [EpochScore(0, 0, epoch, 0.5, 0.5) for epoch in (3, 1, 2)]
    assert select(flat)["best_epoch"].epochs == [[1]]


def test_deviation_is_over_repeats_and_absent_for_one() -> None:
    two = [EpochScore(repeat, 0, 1, accuracy, 0.0) for repeat, accuracy in enumerate((0.4, 0.6))]
    assert select(two)["last_epoch"].deviation == pytest.approx(0.1 * 2**0.5)
    assert select(two[:1])["last_epoch"].deviation is None
