"""How much faster one of two is, with an interval that takes the noise into account."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
CONFIDENCE = 0.95
FEWEST = 5
"""Times on either side, below which nothing is said of the noise."""
MARGIN = 0.05
"""Two runs' medians differ by so much from what no repeat within a run shows, as where memory came to lie."""

Words = Literal["faster", "slower", "no difference shown"]


@dataclass(frozen=True, slots=True)
class SpeedUp:
    """ratio: the old median time over the new, above 1 where the new is faster, with its 95% interval.

    low, high: NaN where there were too few times for an interval.
    """

    ratio: float
    low: float
    high: float

    @property
    def interval(self) -> str:
        """ "1.02 to 1.20"."""
        if math.isnan(self.low):
            return f"none: fewer than {FEWEST} times"
        return f"{self.low:.2f} to {self.high:.2f}"

    @property
    def verdict(self) -> Words:
        """ "faster" or "slower" only where the whole interval lies beyond 1 and a margin of 5%."""
        if self.low > 1 + MARGIN:
            return "faster"
        return "slower" if self.high < 1 / (1 + MARGIN) else "no difference shown"


def compare_runs(old: Sequence[float], new: Sequence[float], seed: int = 0) -> SpeedUp:
    """Of times that were not taken together: each side is drawn by itself, in blocks of rounds."""
    generator = np.random.default_rng(seed)
    before, after = (np.asarray(one, dtype=np.float64) for one in (old, new))
    if min(len(before), len(after)) < FEWEST:
        return SpeedUp(float(np.median(before) / np.median(after)), math.nan, math.nan)
    drawn = _medians(before, generator) / _medians(after, generator)
    return _summarise(float(np.median(before) / np.median(after)), drawn)


def compare_rounds(old: Sequence[float], new: Sequence[float], seed: int = 0) -> SpeedUp:
    """Of times that were taken in turns: the median of the rounds' ratios. Both have one time a round."""
    ratios = np.asarray(old, dtype=np.float64) / np.asarray(new, dtype=np.float64)
    if len(ratios) < FEWEST:
        return SpeedUp(float(np.median(ratios)), math.nan, math.nan)
    return _summarise(float(np.median(ratios)), _medians(ratios, np.random.default_rng(seed)))


def _medians(values: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Of many samples drawn in blocks (Künsch 1989): what disturbs a machine lasts longer than one call."""
    size = len(values)
    length = math.ceil(size ** (1 / 3))
    starts = generator.integers(0, size, (DRAWS, math.ceil(size / length)))
    places = (starts[:, :, None] + np.arange(length)) % size
    medians: NDArray[np.float64] = np.median(values[places.reshape(DRAWS, -1)[:, :size]], axis=1)
    return medians


def _summarise(ratio: float, drawn: NDArray[np.float64]) -> SpeedUp:
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return SpeedUp(ratio, float(low), float(high))
