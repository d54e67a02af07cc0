"""Uniform local binary patterns (Ojala, Pietikäinen and Mäenpää 2002), by scikit-image."""

from __future__ import annotations

from importlib.metadata import version
from math import ceil

import numpy as np
from numpy.typing import NDArray
from skimage.feature import local_binary_pattern

from ferkit_svm.cells import cell_histograms


class LbpDescriptor:
    """Uniform local binary patterns, counted in the cells of a grid (Ojala, Pietikäinen and Mäenpää 2002).

    A pattern marks the pixels on a circle that are at least as bright as its centre. A uniform pattern
    changes at most twice around the circle and has its own bin. All others share one bin. With points·(points
    − 1) + 3 bins, there are 59 for 8 points. The histogram of each cell is divided by its sum. The descriptor
    has bins·grid² numbers: 2,891 for 8 points and grid = 7. Grey values are rounded to whole numbers.

    The defaults are for faces of 128 pixels, with cells of about 18 pixels, as in Shan, Gong and McOwan
    (2009).

    Args:
        points: Points on the circle, 4 to 16.
        radius: Radius of the circle in pixels, 1 to 8.
        grid: Cells per side, 1 to 16.
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
        """Return the descriptor (D,) of a grey image (H, W) from 0 to 255.

        Raises:
            ValueError: The image has too few pixels for the grid.
        """
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
