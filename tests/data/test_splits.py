"""Folds that no group crosses, as even as can be."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from ferkit.data.splits import Positions, grouped_folds, stratified_folds

CLASSES = 7


def draw_films(seed: int, films: int = 50) -> tuple[list[str], list[str]]:
    """Truth and groups like those of film stills: few of the films give many images, of few classes."""
    generator = np.random.default_rng(seed)
    truth, groups = [], []
    for film in range(films):
        size = 1 + int(generator.pareto(1.2) * 5) % 60
        shares = generator.dirichlet(np.full(CLASSES, 0.6))
        truth += [str(label) for label in generator.choice(CLASSES, size, p=shares)]
        groups += [f"film{film:02}"] * size
    return truth, groups


TRUTH, GROUPS = draw_films(0)


def counts(truth: list[str], folds: list[Positions]) -> NDArray[np.float64]:
    """(folds, classes + 1): each fold's images of each class, and all its images."""
    names = sorted(set(truth))
    by_class = [[sum(truth[place] == name for place in fold) for name in names] for fold in folds]
    return np.array([[*row, sum(row)] for row in by_class], dtype=np.float64)


def unevenness(truth: list[str], folds: list[Positions]) -> float:
    """The squared distance of these counts from equal ones."""
    table = counts(truth, folds)
    return float(((table - table.mean(axis=0)) ** 2).sum())


@pytest.mark.parametrize("folds", [2, 3, 5, 10])
def test_every_image_is_in_one_fold_and_no_group_in_two(folds: int) -> None:
    found = grouped_folds(TRUTH, GROUPS, folds, seed=0)
    assert len(found) == folds
    assert sorted(np.concatenate(found)) == list(range(len(TRUTH)))
    names = [{GROUPS[place] for place in fold} for fold in found]
    assert sum(map(len, names)) == len(set(GROUPS))


@pytest.mark.parametrize("folds", [2, 3, 8])
def test_no_fold_is_empty_even_with_as_many_folds_as_groups(folds: int) -> None:
    sizes = [40, 1, 1, 1, 1, 1, 1, 1]
    groups = [f"g{number}" for number, size in enumerate(sizes) for _ in range(size)]
    truth = ["a" if number % 2 else "b" for number in range(len(groups))]
    found = grouped_folds(truth, groups, folds, seed=1)
    assert all(len(fold) for fold in found)
    assert max(map(len, found)) < len(groups)


def test_the_seed_decides_the_folds() -> None:
    # Many groups that are worth the same: only chance can tell them apart.
    groups = [f"g{number // 2}" for number in range(80)]
    truth = ["ab"[number % 2] for number in range(80)]
    found = [[fold.tolist() for fold in grouped_folds(truth, groups, 2, seed)] for seed in (0, 0, 1)]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_the_order_of_the_images_changes_no_groups_fold() -> None:
    order = np.random.default_rng(5).permutation(len(TRUTH))
    shuffled = grouped_folds([TRUTH[i] for i in order], [GROUPS[i] for i in order], 2, seed=3)
    plain = grouped_folds(TRUTH, GROUPS, 2, seed=3)
    assert [{GROUPS[order[i]] for i in fold} for fold in shuffled] == [
        {GROUPS[i] for i in fold} for fold in plain
    ]


@pytest.mark.parametrize("drawn", [0, 1, 2])
@pytest.mark.parametrize("folds", [2, 5])
def test_classes_are_as_even_as_scikit_learns_best_of_twenty(folds: int, drawn: int) -> None:
    truth, groups = draw_films(drawn)
    others = []
    for seed in range(20):
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        others.append([test for _, test in splitter.split(np.zeros(len(truth)), truth, groups)])
    best = min(unevenness(truth, one) for one in others)
    assert unevenness(truth, grouped_folds(truth, groups, folds, seed=0)) <= best


def test_groups_that_can_be_dealt_evenly_are() -> None:
    sizes = {"g0": 6, "g1": 3, "g2": 3, "g3": 4, "g4": 2}
    groups = [name for name, size in sizes.items() for _ in range(size)]
    truth = ["ab"[number % 2] for number in range(len(groups))]
    found = grouped_folds(truth, groups, 2, seed=0)
    assert [len(fold) for fold in found] == [9, 9]


def test_stratified_folds_share_each_class_out() -> None:
    truth = ["a"] * 10 + ["b"] * 5
    found = stratified_folds(truth, 5, seed=0)
    assert [Counter(truth[place] for place in fold) for fold in found] == [{"a": 2, "b": 1}] * 5
