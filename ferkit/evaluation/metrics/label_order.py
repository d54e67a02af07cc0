"""Detect predictions whose columns are in another order than the labels, a common silent error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

SURE = 1e-6
"""Largest p-value of the hypothesis that the other order is better by chance."""


def find_permutation(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> dict[str, str]:
    """Map predicted names to the names that they seem to mean. Empty if the order is correct.

    An assignment of names counts if it gives at least twice as many correct images, by more than chance.

    Args:
        confusion: Counts. Rows are the true class.
        labels: The labels, in order.
    """
    counts = np.asarray(confusion)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    total, right, better = int(counts.sum()), int(np.trace(counts)), int(counts[rows, columns].sum())
    if not total or better < max(2 * right, total / 2):
        return {}
    # Bonferroni correction: any of the orders could be the best one by chance.
    orders = float(np.prod(np.arange(1, len(labels) + 1)))
    chance = binomtest(better, total, max(right, 1) / total, alternative="greater").pvalue
    if chance * orders > SURE:
        return {}
    meant = {int(column): int(row) for row, column in zip(rows, columns, strict=True)}
    return {labels[column]: labels[row] for column, row in sorted(meant.items()) if column != row}
