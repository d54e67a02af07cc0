"""Back-projections from features to latent points: X = B_v·A_v, with one map for each view or one for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.linalg import cho_solve

from ferkit_dsgplvm.kernel import Array, factor, median_squared_distance, squared_distances
from ferkit_dsgplvm.objective import Constraint

ProjectionKind = Literal["independent", "single"]


class BackProjection:
    """Kernel regressions from the views to the latent points, with the multipliers of their constraints.

    A view's kernel is exp(−‖y − y'‖²/(width·t)), with t the median squared distance of its training faces.

    Args:
        views: Features of the training faces, each (N, D_v).
        mapping: "independent" (IBP) has a kernel and coefficients for each view. "single" (SBP) has one
            kernel, the weighted sum of the views' kernels.
        ridge: λ of the penalty λ/2·tr(Aᵀ·B·A).
        width: Factor of t in the kernels.
        weights: Weights of the kernels for "single". Default: equal.
    """

    def __init__(
        self,
        views: Sequence[Array],
        mapping: ProjectionKind = "independent",
        ridge: float = 1.0,
        width: float = 1.0,
        weights: Sequence[float] = (),
    ) -> None:
        self.views = tuple(views)
        self.mapping = mapping
        self.ridge = ridge
        self.scales = [width * median_squared_distance(view) for view in views]
        self.weights = tuple(weights) or (1 / len(views),) * len(views)
        self.kernels = self.compare(views)
        self.coefficients: list[Array] = []
        self.multipliers: list[Array] = []

    def compare(self, views: Sequence[Array]) -> list[Array]:
        """Return the kernels between M faces and the training faces, (M, N) for each map."""
        each = [
            np.exp(-squared_distances(view, trained) / scale)
            for view, trained, scale in zip(views, self.views, self.scales, strict=True)
        ]
        if self.mapping == "independent":
            return each
        return [np.asarray(sum(w * kernel for w, kernel in zip(self.weights, each, strict=True)))]

    def start(self, points: Array, mu: float) -> None:
        """Set the multipliers to 0 and solve for the coefficients."""
        self.multipliers = [np.zeros_like(points) for _ in self.kernels]
        self.solve(points, mu)

    def solve(self, points: Array, mu: float) -> None:
        """Set A = (B + λ/μ·I)⁻¹·(X + Λ/μ), the stationary point of the augmented Lagrangian."""
        self.coefficients = [
            cho_solve((self._factor(kernel, mu), True), points + multipliers / mu)
            for kernel, multipliers in zip(self.kernels, self.multipliers, strict=True)
        ]

    def climb(self, points: Array, mu: float) -> None:
        """Update the multipliers: Λ ← Λ + μ·(X − B·A)."""
        self.multipliers = [one.multipliers + mu * (points - one.target) for one in self.constraints()]

    def constraints(self) -> list[Constraint]:
        return [
            Constraint(kernel @ coefficients, multipliers)
            for kernel, coefficients, multipliers in zip(
                self.kernels, self.coefficients, self.multipliers, strict=True
            )
        ]

    def residual(self, points: Array) -> float:
        """Return ‖X − B·A‖/‖X‖, the root mean square over the maps."""
        gaps = [float(((points - one.target) ** 2).sum()) for one in self.constraints()]
        return float(np.sqrt(np.mean(gaps) / max(float((points**2).sum()), 1e-300)))

    def project(self, views: Sequence[Array]) -> Array:
        """Map the views of M faces, each (M, D_v), to latent points (M, q), the mean over the maps."""
        places = [
            kernel @ coefficients
            for kernel, coefficients in zip(self.compare(views), self.coefficients, strict=True)
        ]
        return np.asarray(np.mean(places, axis=0))

    def leave_one_out(self, mu: float) -> Array:
        """Return the latent point of each training face from maps solved without it, (N, q).

        For M = B + λ/μ·I and A = M⁻¹·T, the map without face i gives T_i − A_i/(M⁻¹)_ii. The targets T still
        depend on all faces.
        """
        places = []
        for kernel, coefficients in zip(self.kernels, self.coefficients, strict=True):
            inverse = cho_solve((self._factor(kernel, mu), True), np.eye(len(kernel)))
            targets = kernel @ coefficients + self.ridge / mu * coefficients
            places.append(targets - coefficients / np.diag(inverse)[:, None])
        return np.asarray(np.mean(places, axis=0))

    def _factor(self, kernel: Array, mu: float) -> Array:
        return factor(kernel + self.ridge / mu * np.eye(len(kernel)), "a back-projection's kernel matrix")
