"""The commonest silent error of the field: predictions whose columns are in another order of labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

SURE = 1e-6
"""How improbable it must be that chance made the other order better."""


def find_permutation(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> dict[str, str]:
    """predicted name -> the name that it seems to stand for, where these differ; empty if nothing is wrong.

    The assignment of names with the most images right is taken for the true one if it is right at least
    twice as often as the names as they are, by more than chance allows.
    """
    counts = np.asarray(confusion)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    total, right, better = int(counts.sum()), int(np.trace(counts)), int(counts[rows, columns].sum())
    if not total or better < max(2 * right, total / 2):
        return {}
    # As many orders as there are could have been the best one by chance.
    orders = float(np.prod(np.arange(1, len(labels) + 1)))
    chance = binomtest(better, total, max(right, 1) / total, alternative="greater").pvalue
    if chance * orders > SURE:
        return {}
    meant = {int(column): int(row) for row, column in zip(rows, columns, strict=True)}
    return {labels[column]: labels[row] for column, row in sorted(meant.items()) if column != row}
