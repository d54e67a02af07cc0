"""Graph of the discriminative prior. It joins faces of the same class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferkit_dsgplvm.kernel import Array, median_squared_distance, squared_distances

Prior = Literal["lpp", "lda"]


def join_classes(view: Array, classes: NDArray[np.int64], prior: Prior) -> Array:
    """Return the weights (N, N) of one view, 0 between classes.

    "lpp" is exp(−‖y_i − y_j‖²/t) inside a class, with t the median squared distance of the whole view:
    neighbours in the view have larger weights (locality preserving projections, He and Niyogi 2003). "lda" is
    1/n inside a class of n faces, which makes the prior the scatter inside the classes.
    """
    is_same = classes[:, None] == classes[None, :]
    if prior == "lda":
        return np.asarray(is_same / is_same.sum(axis=1))
    weights = np.exp(-squared_distances(view, view) / median_squared_distance(view))
    return np.asarray(np.where(is_same, weights, 0.0))


def normalised_laplacian(weights: Array) -> Array:
    """Return I − D^(−½)·W·D^(−½), with D the row sums of W; symmetric and positive semidefinite."""
    root = 1 / np.sqrt(weights.sum(axis=1))
    return np.asarray(np.eye(len(weights)) - root[:, None] * weights * root[None, :])


def shared_laplacian(views: Sequence[Array], classes: NDArray[np.int64], prior: Prior, xi: float) -> Array:
    """Return the sum of the views' normalised Laplacians with xi added on the diagonal, (N, N)."""
    total = xi * np.eye(len(classes))
    for view in views:
        total += normalised_laplacian(join_classes(view, classes, prior))
    return np.asarray((total + total.T) / 2)
