"""Objective of the latent points and kernels, with its gradients.

    Σ_v [D_v/2·log|K_v| + ½·tr(K_v⁻¹·Y_v·Y_vᵀ)] + β/2·tr(Xᵀ·L·X)

The constraints X = P_v couple X to the back-projections. They add the terms of the augmented Lagrangian

    Σ_v [⟨Λ_v, X − P_v⟩ + μ/2·‖X − P_v‖²].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotri

from ferkit_dsgplvm.kernel import Array, Hyperparameters, factor, rbf, squared_distances


@dataclass(frozen=True, slots=True)
class Constraint:
    """The constraint X = target with its multipliers, both (N, q)."""

    target: Array
    multipliers: Array


def view_term(points: Array, kernel: Hyperparameters, view: Array) -> tuple[float, Array, Array]:
    """Return a view's −log p(Y|X) without its constant, and gradients in X (N, q) and the logarithms (4,).

    The points X are (N, q), the view Y is (N, D) and centred. Raises RunError if K cannot be factored.
    """
    variance, length, bias, noise = np.exp(kernel.as_array())
    distances = squared_distances(points, points)
    smooth = rbf(distances, variance, length)
    size, width = view.shape
    lower = factor(smooth + bias + noise * np.eye(size), "the kernel matrix of a view")
    triangle, _ = dpotri(lower, lower=True)
    inverse = np.tril(triangle) + np.tril(triangle, -1).T
    solved = inverse @ view
    value = width * float(np.log(np.diag(lower)).sum()) + 0.5 * float((view * solved).sum())
    by_kernel = 0.5 * (width * inverse - solved @ solved.T)
    weighted = by_kernel * smooth
    by_points = -2 / length**2 * (weighted.sum(axis=1)[:, None] * points - weighted @ points)
    by_logarithms = np.array(
        [
            weighted.sum(),
            (weighted * distances).sum() / length**2,
            bias * by_kernel.sum(),
            noise * np.trace(by_kernel),
        ]
    )
    return value, by_points, by_logarithms


def prior_term(points: Array, laplacian: Array, weight: float) -> tuple[float, Array]:
    """Return β/2·tr(Xᵀ·L·X) and its gradient in X."""
    pulled = weight * laplacian @ points
    return 0.5 * float((points * pulled).sum()), pulled


def constraint_term(points: Array, constraints: Sequence[Constraint], mu: float) -> tuple[float, Array]:
    """Return the terms of the augmented Lagrangian and their gradient in X."""
    value, gradient = 0.0, np.zeros_like(points)
    for one in constraints:
        gap = points - one.target
        value += float((one.multipliers * gap).sum()) + mu / 2 * float((gap**2).sum())
        gradient += one.multipliers + mu * gap
    return value, gradient


def model_objective(
    points: Array, kernels: Sequence[Hyperparameters], views: Sequence[Array], laplacian: Array, weight: float
) -> tuple[float, Array, Array]:
    """Return the model's objective and its gradients in X (N, q) and in the logarithms (views, 4)."""
    value, by_points = prior_term(points, laplacian, weight)
    by_logarithms = np.empty((len(views), 4))
    for index, (kernel, view) in enumerate(zip(kernels, views, strict=True)):
        term, in_points, by_logarithms[index] = view_term(points, kernel, view)
        value += term
        by_points = by_points + in_points
    return value, by_points, by_logarithms
