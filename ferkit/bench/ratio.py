"""Speed ratio of two measurements, with an interval for the noise."""

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
"""Times on each side, below which there is no interval."""
MARGIN = 0.05
"""Difference of the medians of two runs that repeats within a run do not show, such as memory placement."""

Words = Literal["faster", "slower", "no difference shown"]


@dataclass(frozen=True, slots=True)
class SpeedUp:
    """The ratio of the old time to the new, above 1 if the new is faster.

    Attributes:
        ratio: Ratio of the medians, or median of the ratios.
        low: Lower end of the 95% interval. NaN if there were too few times.
        high: Upper end.
    """

    ratio: float
    low: float
    high: float

    @property
    def interval(self) -> str:
        """Format the interval: "1.02 to 1.20"."""
        if math.isnan(self.low):
            return f"none: fewer than {FEWEST} times"
        return f"{self.low:.2f} to {self.high:.2f}"

    @property
    def verdict(self) -> Words:
        """Return a verdict: the whole interval must be beyond 1 by a margin of 5%."""
        if self.low > 1 + MARGIN:
            return "faster"
        return "slower" if self.high < 1 / (1 + MARGIN) else "no difference shown"


def compare_runs(old: Sequence[float], new: Sequence[float], seed: int = 0) -> SpeedUp:
    """Compare times of two runs. Each side is resampled on its own, in blocks of rounds."""
    generator = np.random.default_rng(seed)
    before, after = (np.asarray(one, dtype=np.float64) for one in (old, new))
    ratio = float(np.median(before) / np.median(after))
    if min(len(before), len(after)) < FEWEST:
        return SpeedUp(ratio, math.nan, math.nan)
    return _summarise(ratio, _medians(before, generator) / _medians(after, generator))


def compare_rounds(old: Sequence[float], new: Sequence[float], seed: int = 0) -> SpeedUp:
    """Compare times taken in turns, by the median of the rounds' ratios. Both have one time per round."""
    ratios = np.asarray(old, dtype=np.float64) / np.asarray(new, dtype=np.float64)
    if len(ratios) < FEWEST:
        return SpeedUp(float(np.median(ratios)), math.nan, math.nan)
    return _summarise(float(np.median(ratios)), _medians(ratios, np.random.default_rng(seed)))


def _medians(values: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return medians of block bootstrap samples (Künsch 1989), as disturbances last longer than one call."""
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
