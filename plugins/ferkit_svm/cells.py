"""Histograms over the cells of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cell_histograms(
    codes: NDArray[Any], grid: int, bins: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """How often each code occurs in each cell, or the sum of its weights there.

    codes: (H, W) whole numbers in 0..bins−1; weights: (H, W). Gives (grid, grid, bins), rows first. Row y of
    the image lies in the cells' row ⌊y·grid/H⌋: cells differ by a pixel at most, and those of a grid twice
    as fine lie wholly inside those of the coarser one. Raises ValueError where a cell would be empty.
    """
    height, width = codes.shape
    if min(height, width) < grid:
        raise ValueError(f"a grid of {grid} by {grid} cells does not fit into {height} by {width} places")
    rows = np.arange(height) * grid // height
    columns = np.arange(width) * grid // width
    places = (rows[:, None] * grid + columns) * bins + codes
    flat = None if weights is None else weights.ravel()
    counts = np.bincount(places.ravel(), weights=flat, minlength=grid * grid * bins)
    return counts.astype(np.float64).reshape(grid, grid, bins)
