"""Images -> folds: stratified by class, balanced over groups, or as a list says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

Positions = NDArray[np.intp]
STARTS = 8
"""From which the local search begins; the best result is taken."""


def stratified_folds(truth: Sequence[str], folds: int, seed: int) -> list[Positions]:
    """The positions of each fold's images, every class in equal shares."""
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return [test for _, test in splitter.split(np.zeros(len(truth)), truth)]


def grouped_folds(truth: Sequence[str], groups: Sequence[str], folds: int, seed: int) -> list[Positions]:
    """The positions of each fold's images; no group is in two folds, classes are as equal as can be.

    Groups are dealt out, then moved and exchanged between folds as long as that makes the counts of images
    and of each class more equal. scikit-learn's StratifiedGroupKFold deals once, and leaves classes far
    more uneven where groups are few and large.
    """
    names = sorted(set(groups))
    classes = sorted(set(truth))
    counts = np.zeros((len(names), len(classes) + 1))
    row, column = ({name: index for index, name in enumerate(known)} for known in (names, classes))
    for group, label in zip(groups, truth, strict=True):
        counts[row[group], column[label]] += 1
    counts[:, -1] = counts[:, :-1].sum(axis=1)  # so that the folds' sizes weigh like a class
    generator = np.random.default_rng(seed)
    tries = [_search(counts, folds, generator) for _ in range(STARTS)]
    fold_of = min(tries, key=lambda one: _unevenness(counts, one, folds))
    places = np.array([fold_of[row[group]] for group in groups])
    return [np.flatnonzero(places == fold) for fold in range(folds)]


def _search(counts: NDArray[np.float64], folds: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Deal in a random order, the largest first among groups of a kind; then improve until nothing helps."""
    order = sorted(range(len(counts)), key=lambda one: (-counts[one, -1], generator.random()))
    order = [order[i] for i in np.argsort(np.arange(len(order)) + generator.normal(0, 2, len(order)))]
    fold_of = np.zeros(len(counts), dtype=np.intp)
    sums = np.zeros((folds, counts.shape[1]))
    for group in order:
        fold = int(
            np.argmin([((sums[f] + counts[group]) ** 2).sum() - (sums[f] ** 2).sum() for f in range(folds)])
        )
        fold_of[group] = fold
        sums[fold] += counts[group]
    while _improve(counts, fold_of, sums):
        pass
    return fold_of


def _improve(counts: NDArray[np.float64], fold_of: NDArray[np.intp], sums: NDArray[np.float64]) -> bool:
    """The best single move or exchange, if any makes the sum of the folds' squared counts smaller."""
    empty = np.zeros((1, counts.shape[1]))
    best = (-1e-9, -1, -1, -1, -1)
    for one in range(len(sums)):
        for other in range(len(sums)):
            if one == other:
                continue
            leaving = np.flatnonzero(fold_of == one)
            coming = np.flatnonzero(fold_of == other)
            # What goes from `one` to `other`, less what comes back; the last column: nothing comes back.
            net = counts[leaving, None] - np.concatenate([counts[coming], empty])[None]
            change = 2 * (net * net + net * (sums[other] - sums[one])).sum(axis=2)
            if len(leaving) == 1:
                change[:, -1] = np.inf  # a fold is never emptied
            where = np.unravel_index(int(change.argmin()), change.shape) if change.size else (0, 0)
            if change.size and change[where] < best[0]:
                back = int(coming[where[1]]) if where[1] < len(coming) else -1
                best = (float(change[where]), one, other, int(leaving[where[0]]), back)
    _, one, other, goes, back = best
    if one < 0:
        return False
    fold_of[goes] = other
    net = counts[goes] - (counts[back] if back >= 0 else 0)
    if back >= 0:
        fold_of[back] = one
    sums[one] -= net
    sums[other] += net
    return True


def _unevenness(counts: NDArray[np.float64], fold_of: NDArray[np.intp], folds: int) -> float:
    return sum(float((counts[fold_of == fold].sum(axis=0) ** 2).sum()) for fold in range(folds))
