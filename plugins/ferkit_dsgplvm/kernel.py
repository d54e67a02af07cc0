"""Kernels of the latent points, and the factorisation of kernel matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor

from ferkit.plugin import RunError

Array = NDArray[np.float64]

# Fractions of the diagonal's mean, tried in this order until the matrix can be factored.
JITTERS = (0.0, 1e-10, 1e-8, 1e-6, 1e-4)


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """A view's kernel, RBF + bias + noise, as natural logarithms.

    Attributes:
        variance: Variance of the RBF kernel.
        length: Length scale of the RBF kernel, in units of the latent points.
        bias: Constant added to all pairs.
        noise: Number added on the diagonal.
    """

    variance: float = float(np.log(0.5))
    length: float = 0.0
    bias: float = float(np.log(0.1))
    noise: float = float(np.log(0.5))

    def as_array(self) -> Array:
        """Return variance, length, bias and noise, (4,)."""
        return np.array([self.variance, self.length, self.bias, self.noise])


# Bounds of the logarithms. The likelihood does not depend on the scale of the points. Smaller points with a
# smaller length scale or a larger variance fit equally well, and would avoid the prior. So the length scale
# is at least 1, about that of the initial points. The variance is at most 1, the mean variance of a view's
# features.
BOUNDS = ((-12.0, 0.0), (0.0, 12.0), (-16.0, 12.0), (-12.0, 12.0))


def squared_distances(one: Array, other: Array) -> Array:
    """Return squared distances (N, M) of (N, D) and (M, D); 0 on the diagonal for the same array."""
    found = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None, :] - 2 * one @ other.T
    np.maximum(found, 0, out=found)
    if one is other:
        np.fill_diagonal(found, 0)
    return np.asarray(found)


def median_squared_distance(points: Array) -> float:
    """Return the median over all pairs, or over the pairs that differ if most pairs coincide."""
    pairs = squared_distances(points, points)[np.triu_indices(len(points), 1)]
    apart = pairs[pairs > 0]
    if not apart.size:
        return 1.0
    median = float(np.median(pairs))
    return median if median > 0 else float(np.median(apart))


def rbf(distances: Array, variance: float, length: float) -> Array:
    """Return variance·exp(−d²/2·length²) of squared distances. The numbers are not logarithms."""
    return np.asarray(variance * np.exp(-0.5 * distances / length**2))


def factor(matrix: Array, what: str) -> Array:
    """Return the lower Cholesky factor, with the smallest addition to the diagonal that is needed.

    Raises:
        RunError: The matrix cannot be factored. The message names it by `what`.
    """
    if not np.isfinite(matrix).all():
        raise RunError(
            f"ds_gplvm: {what} has numbers that are not finite: the training has diverged. Lower mu or "
            "prior_weights, or check the scale of the features."
        )
    scale = float(np.mean(np.diag(matrix)))
    for jitter in JITTERS:
        try:
            lower, _ = cho_factor(matrix + jitter * scale * np.eye(len(matrix)), lower=True)
        except np.linalg.LinAlgError:
            continue
        return np.asarray(np.tril(lower))
    raise RunError(
        f"ds_gplvm: {what} is not positive definite, even with {JITTERS[-1]:g} of its mean added to the "
        "diagonal. Remove duplicate images, or set larger ridges."
    )
