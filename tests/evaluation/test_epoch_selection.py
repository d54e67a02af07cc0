"""Which epoch's score is "the" score."""

from __future__ import annotations

import pytest

from ferkit.evaluation.epoch_selection import EpochScore, EpochSelection, epoch_selections

# Two folds, three epochs: fold 0 is best in epoch 2, fold 1 in epoch 3, both together in epoch 3.
HISTORY = [
    EpochScore(0, fold, epoch, accuracy, accuracy / 2)
    for fold, accuracies in enumerate([(0.2, 0.5, 0.4), (0.1, 0.2, 0.6)])
    for epoch, accuracy in enumerate(accuracies, start=1)
]


def epochs(selection: EpochSelection) -> list[list[int]]:
    return [[one.epoch for one in run] for run in selection.chosen]


def test_best_epoch_is_each_folds_maximum_and_says_it_was_selected() -> None:
    best = epoch_selections(HISTORY, None)["best_epoch"]
    assert epochs(best) == [[2, 3]]
    assert best.selected_on_test


def test_best_common_epoch_is_one_epoch_for_all_folds() -> None:
    common = epoch_selections(HISTORY, None)["best_common_epoch"]
    assert epochs(common) == [[3, 3]]
    assert common.selected_on_test


def test_last_epoch_is_not_selected_on_the_test_fold() -> None:
    last = epoch_selections(HISTORY, None)["last_epoch"]
    assert [one.accuracy for one in last.chosen[0]] == [0.4, 0.6]
    assert not last.selected_on_test


def test_the_earliest_of_equally_good_epochs_is_taken() -> None:
    flat = [EpochScore(0, 0, epoch, 0.5, 0.5) for epoch in (3, 1, 2)]
    assert epochs(epoch_selections(flat, None)["best_epoch"]) == [[1]]


def test_a_lower_nll_tells_equal_accuracies_apart() -> None:
    scores = [EpochScore(0, 0, epoch, 0.5, 0.5, nll) for epoch, nll in ((1, 1.2), (2, 0.9), (3, 1.0))]
    assert epochs(epoch_selections(scores, None)["best_epoch"]) == [[2]]


@pytest.mark.parametrize(
    ("measure", "chosen"), [("accuracy", (1, 2)), ("mean_recall", (0, 2)), ("nll", (1, 1))]
)
def test_validation_images_choose_epoch_and_candidate_by_the_measure(
    measure: str, chosen: tuple[int, int]
) -> None:
    rows = [
        EpochScore(0, 0, 1, 0.3, 0.2, 1.9, 0),
        EpochScore(0, 0, 2, 0.4, 0.6, 1.8, 0),
        EpochScore(0, 0, 1, 0.4, 0.4, 1.1, 1),
        EpochScore(0, 0, 2, 0.5, 0.5, 1.3, 1),
    ]
    found = epoch_selections(rows, measure)  # type: ignore[arg-type]
    assert list(found) == ["chosen_epoch"]
    (one,) = found["chosen_epoch"].chosen[0]
    assert (one.candidate, one.epoch) == chosen
    assert not found["chosen_epoch"].selected_on_test
