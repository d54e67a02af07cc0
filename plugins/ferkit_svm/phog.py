"""Pyramid of histograms of oriented gradients (Bosch, Zisserman and Munoz 2007, section 2.1)."""

from __future__ import annotations

from importlib.metadata import version
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import canny

from ferkit_svm.cells import cell_histograms

SMOOTHEST = 10.0
# MATLAB's edge(image, "canny"), which the authors' code calls: 70% of the pixels are not edges, the lower
# threshold is 0.4 of the upper one, and the upper one at least 1/64 of the strongest response.
NO_EDGE, LOWER, LEAST = 70, 0.4, 1 / 64


class PhogDescriptor:
    """Pyramid of histograms of oriented gradients (Bosch, Zisserman and Munoz 2007).

    The gradient (g_x, g_y) of an edge pixel, by central differences, adds its length m = √(g_x² + g_y²) to
    bin ⌊θ·bins/angle⌋, where θ = atan2(g_y, g_x) modulo angle, in degrees, with y pointing down. Level l has
    2^l × 2^l cells, for l = 0 … levels. The levels are concatenated, coarsest first, cells row by row, and
    divided by their sum. The descriptor has bins·(4^(levels+1) − 1)/3 numbers: 5,456 for 16 bins and
    levels = 4. An image without edges gives zeros.

    Canny's thresholds are MATLAB's, as in the authors' code: the 70th percentile of the smoothed image's
    gradients, and 0.4 times that.

    Args:
        levels: Finest level, 0 to 7.
        bins: Bins of each histogram, 2 to 360.
        angle: 360 distinguishes dark-to-light from light-to-dark, 180 does not.
        edges: "canny" counts gradients at Canny's edges, "all" at every pixel.
        sigma: Deviation of Canny's Gaussian in pixels, above 0, at most 10.
    """

    def __init__(
        self,
        levels: int = 4,
        bins: int = 16,
        angle: Literal[180, 360] = 360,
        edges: Literal["canny", "all"] = "canny",
        sigma: float = 1.4142135623730951,
    ) -> None:
        if not 0 <= levels <= 7:
            raise ValueError(f"levels: expected a whole number from 0 to 7, got {levels}")
        if not 2 <= bins <= 360:
            raise ValueError(f"bins: expected a whole number from 2 to 360, got {bins}")
        if not 0 < sigma <= SMOOTHEST:
            raise ValueError(f"sigma: expected pixels above 0, at most {SMOOTHEST:g}, got {sigma}")
        self.levels = levels
        self.bins = bins
        self.angle = angle
        self.edges = edges
        self.sigma = sigma
        made_by = f"scikit-image {version('scikit-image')}"
        options = f"levels={levels} bins={bins} angle={angle} edges={edges} sigma={sigma}"
        self.signature = f"phog 1 {options} {made_by}"

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the descriptor (D,) of a grey image (H, W) from 0 to 255.

        Raises:
            ValueError: A side has fewer than 2^levels pixels.
        """
        finest = 2**self.levels
        if min(image.shape) < max(finest, 2):
            raise ValueError(
                f"levels: {self.levels} needs images of at least {max(finest, 2)} pixels a side, got "
                f"{image.shape[0]} by {image.shape[1]}"
            )
        down, right = np.gradient(image)
        length = np.hypot(right, down)
        if self.edges == "canny":
            length = length * find_edges(image, self.sigma)
        degrees = np.degrees(np.arctan2(down, right)) % self.angle
        # For angles slightly below 0, the remainder rounds up to the whole angle, which is bin 0.
        codes = (degrees * self.bins / self.angle).astype(np.int64) % self.bins
        return self._pyramid(cell_histograms(codes, finest, self.bins, length))

    def _pyramid(self, cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the histograms of all levels. Each is the sum of four cells of the next level."""
        levels = [cells]
        while len(levels[0]) > 1:
            half = len(levels[0]) // 2
            levels.insert(0, levels[0].reshape(half, 2, half, 2, self.bins).sum(axis=(1, 3)))
        found = np.concatenate([level.ravel() for level in levels])
        total = found.sum()
        return found / total if total > 0 else found


def find_edges(image: NDArray[np.float64], sigma: float) -> NDArray[np.bool_]:
    """Return Canny's edges of a grey image (H, W), with MATLAB's thresholds. Border pixels are not edges."""
    smooth = ndimage.gaussian_filter(image, sigma, mode="nearest")
    # scikit-image compares thresholds with Sobel's sums, not divided.
    strength = np.hypot(ndimage.sobel(smooth, axis=0), ndimage.sobel(smooth, axis=1))
    strongest = strength.max()
    if strongest < 1e-6:  # rounding errors in a constant image
        return np.zeros(image.shape, dtype=bool)
    upper = max(float(np.percentile(strength, NO_EDGE)), LEAST * strongest)
    found: NDArray[np.bool_] = canny(  # type: ignore[no-untyped-call]
        image, sigma, low_threshold=LOWER * upper, high_threshold=upper, mode="nearest"
    )
    return found
