"""Local phase quantisation (Ojansivu and Heikkilä 2008)."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ferkit_svm.cells import cell_histograms

RHO = 0.9
# D has pairs of equal eigenvalues, whose eigenvectors are arbitrary. The authors' code separates them by this
# factor.
APART = 1 + np.arange(7, -1, -1) * 1e-6
# Coefficients of a flat window are 0, with rounding errors of about 1e-11 for greys up to 255.
ROUNDING = 1e-6


class LpqDescriptor:
    """Local phase quantisation: signs of local Fourier coefficients (Ojansivu and Heikkilä 2008).

    The signs do not change under a blur that is symmetric about its centre. The coefficients of a pixel x
    with the window N of window × window pixels are (equations 5 and 6)

        F(u, x) = Σ_{y ∈ N} f(x − y)·exp(−2πi u·y),  u = (a, 0), (0, a), (a, a), (a, −a),  a = 1/window,

    with u and y as (right, down). Bit j of the pixel's code is set if component j of their real and imaginary
    parts is positive. Codes are counted in grid × grid cells of the pixels whose window is inside the image.
    Each cell's 256 counts are divided by their sum. The descriptor has 256·grid² numbers: 4,096 for grid = 4.
    A flat window has code 0.

    Args:
        window: Side of the window in pixels, odd, 3 to 31.
        grid: Cells per side, 1 to 16.
        decorrelate: Rotate the eight parts by the eigenvectors of their covariance D = M C Mᵀ, for pixels
            with the correlation 0.9^distance (equations 8 to 13).
    """

    def __init__(self, window: int = 7, grid: int = 4, decorrelate: bool = True) -> None:
        if not 3 <= window <= 31 or window % 2 == 0:
            raise ValueError(f"window: expected an odd number from 3 to 31, got {window}")
        if not 1 <= grid <= 16:
            raise ValueError(f"grid: expected a whole number from 1 to 16, got {grid}")
        self.window = window
        self.grid = grid
        self.rotation = decorrelation(window) if decorrelate else np.eye(8)
        self.signature = f"lpq 1 window={window} grid={grid} decorrelate={decorrelate}"

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the descriptor (D,) of a grey image (H, W) from 0 to 255.

        Raises:
            ValueError: A side is below window + grid − 1 pixels.
        """
        least = self.window + self.grid - 1
        if min(image.shape) < least:
            raise ValueError(
                f"window: {self.window} with a grid of {self.grid} needs images of at least {least} pixels "
                f"a side, got {image.shape[0]} by {image.shape[1]}"
            )
        counts = cell_histograms(self.codes(image), self.grid, 256)
        found: NDArray[np.float64] = counts / counts.sum(axis=2, keepdims=True)
        return found.ravel()

    def codes(self, image: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the codes from 0 to 255 of an image (H, W): (H − window + 1, W − window + 1)."""
        parts = coefficients(image, self.window) @ self.rotation
        bits: NDArray[np.int64] = (parts > ROUNDING) @ (1 << np.arange(8))
        return bits


def wave(window: int) -> NDArray[np.complex128]:
    """Return exp(−2πi·a·y) for the pixels f(x − y) of a window, left to right; y decreases from r to −r."""
    radius = window // 2
    found: NDArray[np.complex128] = np.exp(-2j * np.pi / window * np.arange(radius, -radius - 1, -1))
    return found


def coefficients(image: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the real parts at the four u, then the imaginary ones: (H − window + 1, W − window + 1, 8)."""
    across = wave(window)
    # The mean changes no coefficient. Without it, rounding errors are smaller.
    centred = image - image.mean()
    columns = sliding_window_view(centred, window, axis=0)
    flat, waved = columns.sum(axis=2), columns @ across
    flat_windows, waved_windows = (sliding_window_view(one, window, axis=1) for one in (flat, waved))
    found = np.stack(
        [
            flat_windows @ across,
            waved_windows.sum(axis=2),
            waved_windows @ across,
            np.conj(waved_windows @ np.conj(across)),
        ],
        axis=2,
    )
    return np.concatenate([found.real, found.imag], axis=2)


def decorrelation(window: int, rho: float = RHO) -> NDArray[np.float64]:
    """Return V (8, 8): eigenvectors of the covariance of the eight parts, in columns, largest variance first.

    The first of the large components is made positive. An image then has the same codes on any machine.
    """
    across, flat = wave(window), np.ones(window)
    rows = [(flat, across), (across, flat), (across, across), (np.conj(across), across)]
    waves = np.stack([np.outer(down, right).ravel() for down, right in rows])
    basis = np.concatenate([waves.real, waves.imag])
    y, x = np.divmod(np.arange(window**2), window)
    pixels = rho ** np.hypot(y[:, None] - y, x[:, None] - x)
    covariance = APART[:, None] * (basis @ pixels @ basis.T) * APART
    _, vectors = np.linalg.eigh(covariance)
    vectors = vectors[:, ::-1]
    large = np.abs(vectors) > 0.6 * np.abs(vectors).max(axis=0)
    signs = np.sign(vectors[large.argmax(axis=0), np.arange(8)])
    found: NDArray[np.float64] = vectors * signs
    return found
