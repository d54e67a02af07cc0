"""Uniform local binary patterns (Ojala, Pietikäinen and Mäenpää 2002), by scikit-image."""

from __future__ import annotations

from importlib.metadata import version
from math import ceil

import numpy as np
from numpy.typing import NDArray
from skimage.feature import local_binary_pattern

from ferkit_svm.cells import cell_histograms


class LbpDescriptor:
    """Which pixels on a circle are at least as bright as its centre, counted in the cells of a grid.

    A pattern whose bits change at most twice around the circle is uniform and has a bin of its own; all
    others share one: points·(points − 1) + 3 bins, 59 for 8 points. A cell's counts are divided by their sum:
    D = bins·grid², which is 2891 for 8 points and grid = 7. The defaults are for faces of 128 pixels: 8
    points at radius 2 and cells of about 18 pixels, as Shan, Gong and McOwan (2009) have for expressions.
    Greys are rounded to whole numbers. A constant image has one pattern, all bits set.

    points: 4 to 16; radius: 1 to 8 pixels; grid: 1 to 16.
    """

    def __init__(self, points: int = 8, radius: float = 2.0, grid: int = 7) -> None:
        if not 4 <= points <= 16:
            raise ValueError(f"points: expected a whole number from 4 to 16, got {points}")
        if not 1 <= radius <= 8:
            raise ValueError(f"radius: expected pixels from 1 to 8, got {radius}")
        if not 1 <= grid <= 16:
            raise ValueError(f"grid: expected a whole number from 1 to 16, got {grid}")
        self.points = points
        self.radius = radius
        self.grid = grid
        made_by = f"scikit-image {version('scikit-image')}"
        self.signature = f"lbp 1 points={points} radius={radius} grid={grid} {made_by}"

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        """(H, W) grey, 0..255 -> (D,). Raises ValueError where the circles leave no pixel for some cell."""
        border = ceil(self.radius)
        least = 2 * border + self.grid
        if min(image.shape) < least:
            raise ValueError(
                f"radius: {self.radius:g} with a grid of {self.grid} needs images of at least {least} pixels "
                f"a side, got {image.shape[0]} by {image.shape[1]}"
            )
        greys = np.clip(np.rint(image), 0, 255).astype(np.uint8)
        patterns = local_binary_pattern(  # type: ignore[no-untyped-call]
            greys, self.points, self.radius, method="nri_uniform"
        )
        inside = patterns[border:-border, border:-border].astype(np.int64)
        counts = cell_histograms(inside, self.grid, self.points * (self.points - 1) + 3)
        found: NDArray[np.float64] = counts / counts.sum(axis=2, keepdims=True)
        return found.ravel()
