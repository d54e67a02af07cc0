"""Kernels over the latent points, and how a kernel matrix is factored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor

from ferkit.plugin import RunError

Array = NDArray[np.float64]

# Tried one after the other, as shares of the diagonal's mean, until the matrix can be factored.
JITTERS = (0.0, 1e-10, 1e-8, 1e-6, 1e-4)


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """One view's RBF + bias + noise kernel, by the natural logarithms of its four numbers.

    variance: of the RBF part; length: its length scale, in the units of the latent points; bias: what all
    pairs share; noise: added on the diagonal.
    """

    variance: float = float(np.log(0.5))
    length: float = 0.0
    bias: float = float(np.log(0.1))
    noise: float = float(np.log(0.5))

    def as_array(self) -> Array:
        """(4,): variance, length, bias, noise."""
        return np.array([self.variance, self.length, self.bias, self.noise])


# Of each logarithm. The likelihood does not see the points' scale: it stays the same where the length scale
# shrinks with them, and nearly so where the variance grows as they shrink, a short stretch of an RBF kernel
# being straight. Either would let them escape the prior. So the length scale is at least 1, about that of the
# first points, and the variance at most 1, that of a view's features on the average.
BOUNDS = ((-12.0, 0.0), (0.0, 12.0), (-16.0, 12.0), (-12.0, 12.0))


def squared_distances(one: Array, other: Array) -> Array:
    """(N, D) and (M, D) -> (N, M), not below 0, and exactly 0 on the diagonal where both are the same."""
    found = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None, :] - 2 * one @ other.T
    np.maximum(found, 0, out=found)
    if one is other:
        np.fill_diagonal(found, 0)
    return np.asarray(found)


def median_squared_distance(points: Array) -> float:
    """The median over the pairs of different points; of those that differ, where most pairs coincide."""
    pairs = squared_distances(points, points)[np.triu_indices(len(points), 1)]
    apart = pairs[pairs > 0]
    if not apart.size:
        return 1.0
    median = float(np.median(pairs))
    return median if median > 0 else float(np.median(apart))


def rbf(distances: Array, variance: float, length: float) -> Array:
    """variance·exp(−d²/2·length²) of squared distances; both numbers as they are, no logarithms."""
    return np.asarray(variance * np.exp(-0.5 * distances / length**2))


def factor(matrix: Array, what: str) -> Array:
    """The lower Cholesky factor, with as little added to the diagonal as it takes.

    Raises RunError, which says `what` it is that can't be factored.
    """
    if not np.isfinite(matrix).all():
        raise RunError(
            f"ds_gplvm: {what} holds numbers that are not finite: the training has diverged. Lower mu or "
            "prior_weights, or look for features of an unusual scale"
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
        "diagonal. Look for images that are there many times, or take a larger ridge"
    )
