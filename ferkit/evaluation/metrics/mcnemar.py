"""McNemar's test of two runs on the same images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest


@dataclass(frozen=True, slots=True)
class McNemar:
    """The result of McNemar's test.

    Attributes:
        only_first: Number of images that only the first run classifies correctly.
        only_second: Number of images that only the second run classifies correctly.
        p_value: p-value of the hypothesis that both numbers have the same expectation.
    """

    only_first: int
    only_second: int
    p_value: float


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> McNemar:
    """Compute the exact McNemar test (1947), from the correctness of each image."""
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    differing = only_first + only_second
    p_value = float(binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemar(only_first, only_second, p_value)
