"""Local phase quantisation (Ojansivu and Heikkilä 2008)."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ferkit_svm.cells import cell_histograms

RHO = 0.9
# The eigenvalues of D come in equal pairs, whose eigenvectors are anybody's choice; the authors' code scales
# the coefficients this much apart.
APART = 1 + np.arange(7, -1, -1) * 1e-6
# Coefficients of a flat window are 0 but for rounding, of about 1e-11 for greys up to 255.
ROUNDING = 1e-6


class LpqDescriptor:
    """Signs of local Fourier coefficients, which a blur that is the same in opposite directions keeps.

    Around each pixel x whose window N of window × window pixels lies inside the image (equations 5 and 6),

        F(u, x) = Σ_{y ∈ N} f(x − y)·exp(−2πi u·y),  u = (a, 0), (0, a), (a, a), (a, −a),  a = 1/window,

    u and y as (right, down). Of the vector of their real, then imaginary parts, decorrelated (below) or as it
    is, bit j of the pixel's code is set where component j is above 0. The codes are counted in grid × grid
    cells of the region that they are known in, each cell's 256 counts divided by their sum:
    D = 256·grid², which is 4096 for grid = 4. A flat window has code 0; so has a constant image throughout.

    window: odd, 3 to 31; grid: 1 to 16; decorrelate: rotate the eight parts by V, the eigenvectors of their
    covariance D = M C Mᵀ for pixels whose correlation is 0.9^distance (equations 8 to 13).
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
        """(H, W) grey, 0..255 -> (D,). Raises ValueError where a side is below window + grid − 1 pixels."""
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
        """(H, W) -> (H − window + 1, W − window + 1), each in 0..255."""
        parts = coefficients(image, self.window) @ self.rotation
        bits: NDArray[np.int64] = (parts > ROUNDING) @ (1 << np.arange(8))
        return bits


def wave(window: int) -> NDArray[np.complex128]:
    """exp(−2πi·a·y) at the places of a window from left to right; f(x − y) there: y falls from r to −r."""
    radius = window // 2
    found: NDArray[np.complex128] = np.exp(-2j * np.pi / window * np.arange(radius, -radius - 1, -1))
    return found


def coefficients(image: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """(H, W) -> (H − window + 1, W − window + 1, 8): real parts at the four u, then imaginary ones."""
    across = wave(window)
    # The mean changes no coefficient; without it there is less to round.
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
    """(8, 8) V: its columns are eigenvectors of the eight parts' covariance, the largest variance first.

    Their signs are chosen, as eigenvectors' are free: the first of the large components is positive. So the
    same image has the same codes on any machine.
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
