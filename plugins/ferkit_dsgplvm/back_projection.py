"""From features to a place in the latent space: X = B_v·A_v, one map for each view or one for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.linalg import cho_solve

from ferkit_dsgplvm.kernel import Array, factor, median_squared_distance, squared_distances
from ferkit_dsgplvm.objective import Constraint

ProjectionKind = Literal["independent", "single"]


class BackProjection:
    """Kernel regressions onto the latent points, with the multipliers of their constraints.

    "independent": a kernel and coefficients for each view (IBP); "single": one kernel, the views' kernels
    added with their weights (SBP). A view's kernel is exp(−‖y − y'‖²/(width·t)), t the median squared
    distance between its training faces. views: each (N, D_v); ridge: λ of the penalty λ/2·tr(Aᵀ·B·A).
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
        """The kernels between M faces and the training faces: (M, N) for each map."""
        each = [
            np.exp(-squared_distances(view, trained) / scale)
            for view, trained, scale in zip(views, self.views, self.scales, strict=True)
        ]
        if self.mapping == "independent":
            return each
        return [np.asarray(sum(w * kernel for w, kernel in zip(self.weights, each, strict=True)))]

    def start(self, points: Array, mu: float) -> None:
        """Multipliers at 0, and the coefficients that suit the points."""
        self.multipliers = [np.zeros_like(points) for _ in self.kernels]
        self.solve(points, mu)

    def solve(self, points: Array, mu: float) -> None:
        """A = (B + λ/μ·I)⁻¹·(X + Λ/μ): where the augmented Lagrangian with the penalty is stationary in A."""
        self.coefficients = [
            cho_solve((self._factor(kernel, mu), True), points + multipliers / mu)
            for kernel, multipliers in zip(self.kernels, self.multipliers, strict=True)
        ]

    def climb(self, points: Array, mu: float) -> None:
        """Λ ← Λ + μ·(X − B·A)."""
        self.multipliers = [one.multipliers + mu * (points - one.target) for one in self.constraints()]

    def constraints(self) -> list[Constraint]:
        return [
            Constraint(kernel @ coefficients, multipliers)
            for kernel, coefficients, multipliers in zip(
                self.kernels, self.coefficients, self.multipliers, strict=True
            )
        ]

    def residual(self, points: Array) -> float:
        """‖X − B·A‖/‖X‖, the root mean square over the maps."""
        gaps = [float(((points - one.target) ** 2).sum()) for one in self.constraints()]
        return float(np.sqrt(np.mean(gaps) / max(float((points**2).sum()), 1e-300)))

    def project(self, views: Sequence[Array]) -> Array:
        """M faces' views, each (M, D_v) -> their places (M, q), the mean over the maps."""
        places = [
            kernel @ coefficients
            for kernel, coefficients in zip(self.compare(views), self.coefficients, strict=True)
        ]
        return np.asarray(np.mean(places, axis=0))

    def leave_one_out(self, mu: float) -> Array:
        """Where each training face would be put had the maps been solved without it: (N, q).

        For M = B + λ/μ·I and A = M⁻¹·T, the map without face i puts it at T_i − A_i/(M⁻¹)_ii. (The latent
        points themselves still come from all faces.)
        """
        places = []
        for kernel, coefficients in zip(self.kernels, self.coefficients, strict=True):
            inverse = cho_solve((self._factor(kernel, mu), True), np.eye(len(kernel)))
            targets = kernel @ coefficients + self.ridge / mu * coefficients
            places.append(targets - coefficients / np.diag(inverse)[:, None])
        return np.asarray(np.mean(places, axis=0))

    def _factor(self, kernel: Array, mu: float) -> Array:
        return factor(kernel + self.ridge / mu * np.eye(len(kernel)), "a back-projection's kernel matrix")
