"""Histograms over the cells of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cell_histograms(
    codes: NDArray[Any], grid: int, bins: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return the histogram of codes in each cell, optionally weighted: (grid, grid, bins), rows first.

    Row y of the image belongs to row ⌊y·grid/H⌋ of the grid. Cell sizes differ by one pixel at most. A cell
    of a grid twice as fine is inside one cell of the coarser grid.

    Args:
        codes: (H, W) whole numbers from 0 to bins − 1.
        grid: Cells per side.
        bins: Number of codes.
        weights: (H, W) weight of each pixel. Default: 1.

    Raises:
        ValueError: A cell would be empty.
    """
    height, width = codes.shape
    if min(height, width) < grid:
        raise ValueError(f"a grid of {grid} by {grid} cells does not fit into {height} by {width} pixels")
    rows = np.arange(height) * grid // height
    columns = np.arange(width) * grid // width
    places = (rows[:, None] * grid + columns) * bins + codes
    flat = None if weights is None else weights.ravel()
    counts = np.bincount(places.ravel(), weights=flat, minlength=grid * grid * bins)
    return counts.astype(np.float64).reshape(grid, grid, bins)
