"""Divide images into folds, stratified by class or balanced over groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

Positions = NDArray[np.intp]
STARTS = 8
"""Number of starts of the local search."""


def stratified_folds(truth: Sequence[str], folds: int, seed: int) -> list[Positions]:
    """Return the positions of the images of each fold, stratified by class."""
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return [test for _, test in splitter.split(np.zeros(len(truth)), truth)]


def grouped_folds(truth: Sequence[str], groups: Sequence[str], folds: int, seed: int) -> list[Positions]:
    """Return the positions of the images of each fold. No group is in two folds.

    A local search moves and swaps groups between folds while this balances the number of images and the
    classes. scikit-learn's StratifiedGroupKFold assigns each group once. Its classes are far less balanced if
    groups are few and large.

    Args:
        truth: Label of each image.
        groups: Group of each image.
        folds: Number of folds.
        seed: Seed of the search.
    """
    names = sorted(set(groups))
    classes = sorted(set(truth))
    counts = np.zeros((len(names), len(classes) + 1))
    row, column = ({name: index for index, name in enumerate(known)} for known in (names, classes))
    for group, label in zip(groups, truth, strict=True):
        counts[row[group], column[label]] += 1
    counts[:, -1] = counts[:, :-1].sum(axis=1)  # the size of a fold has the weight of a class
    generator = np.random.default_rng(seed)
    tries = [_search(counts, folds, generator) for _ in range(STARTS)]
    fold_of = min(tries, key=lambda one: _unevenness(counts, one, folds))
    places = np.array([fold_of[row[group]] for group in groups])
    return [np.flatnonzero(places == fold) for fold in range(folds)]


def _search(counts: NDArray[np.float64], folds: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Assign groups in random order, large ones early, then improve until nothing helps."""
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
    """Apply the best move or swap. Return False if none reduces the sum of squared counts."""
    empty = np.zeros((1, counts.shape[1]))
    best = (-1e-9, -1, -1, -1, -1)
    for one in range(len(sums)):
        for other in range(len(sums)):
            if one == other:
                continue
            leaving = np.flatnonzero(fold_of == one)
            coming = np.flatnonzero(fold_of == other)
            # Counts that move from `one` to `other`, minus those that move back. Last column: none move back.
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
