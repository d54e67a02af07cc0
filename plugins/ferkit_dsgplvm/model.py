"""The model and its training by alternating directions on the augmented Lagrangian."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ferkit.plugin import RunError
from ferkit_dsgplvm.back_projection import BackProjection, ProjectionKind
from ferkit_dsgplvm.kernel import BOUNDS, Array, Hyperparameters, median_squared_distance
from ferkit_dsgplvm.laplacian import Prior, shared_laplacian
from ferkit_dsgplvm.objective import constraint_term, model_objective


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Options of one fit. See `DsGplvmEstimator`.

    Attributes:
        latent_dim: q.
        prior_weight: β.
        prior: Graph of the prior.
        mapping: Kind of back-projection.
        view_weights: Weights of the kernels for "single".
        ridge: λ.
        width: Width of the back-projections' kernels.
        xi: Number added to the Laplacian's diagonal.
        cycles: Number of cycles.
        steps: L-BFGS iterations in each cycle.
        mu: Initial weight of the constraints.
        growth: Factor of mu after each cycle.
        mu_max: Maximum of mu.
    """

    latent_dim: int
    prior_weight: float
    prior: Prior = "lpp"
    mapping: ProjectionKind = "independent"
    view_weights: tuple[float, ...] = ()
    ridge: float = 1.0
    width: float = 1.0
    xi: float = 1e-4
    cycles: int = 100
    steps: int = 5
    mu: float = 1.0
    growth: float = 1.1
    mu_max: float = 1e3


@dataclass(frozen=True, slots=True)
class Cycle:
    """Values of one cycle.

    Attributes:
        objective: Objective of the model, without the constraints.
        before: Augmented Lagrangian before the X-step.
        after: Augmented Lagrangian after the X-step.
        residual: Residual of the constraints, relative to X.
    """

    objective: float
    before: float
    after: float
    residual: float


@dataclass(slots=True)
class DsGplvm:
    """A fitted model: points X (N, q), a kernel for each view, back-projections, values of all cycles."""

    points: Array
    kernels: list[Hyperparameters]
    back_projection: BackProjection
    mu: float
    history: list[Cycle] = field(default_factory=list)

    def project(self, views: Sequence[Array]) -> Array:
        """Map the views of M faces, each (M, D_v), to latent points (M, q)."""
        return self.back_projection.project(views)

    def scatter_inside_classes(self, classes: NDArray[np.int64]) -> float:
        """Return the scatter of the points around their class means, as a fraction of the total scatter."""
        means = np.array([self.points[classes == index].mean(axis=0) for index in classes.tolist()])
        total = float(((self.points - self.points.mean(axis=0)) ** 2).sum())
        return float(((self.points - means) ** 2).sum()) / max(total, 1e-300)

    def leave_one_out(self) -> Array:
        """Return the latent point of each training face from back-projections without it, (N, q)."""
        return self.back_projection.leave_one_out(self.mu)


def first_points(views: Sequence[Array], latent_dim: int) -> Array:
    """Return the first principal components of the concatenated views, each with the same total variance.

    They are scaled to a median squared distance of 2: one length scale in each of two directions.

    Raises:
        RunError: There are fewer components than latent_dim.
    """
    size, width = len(views[0]), sum(view.shape[1] for view in views)
    if latent_dim > min(size - 1, width):
        raise RunError(
            f"ds_gplvm: latent_dims: expected at most {min(size - 1, width)} for {size} training faces with "
            f"{width} features in total, got {latent_dim}. Set smaller latent_dims, or use more faces."
        )
    stacked = np.hstack([view / np.sqrt(max(view.var(axis=0).sum(), 1e-300)) for view in views])
    left, singular, right = np.linalg.svd(stacked - stacked.mean(axis=0), full_matrices=False)
    # The sign of a component is arbitrary. Make its largest loading positive.
    largest = np.abs(right).argmax(axis=1)
    signs = np.sign(right[np.arange(len(right)), largest])
    points = (left * singular * signs)[:, :latent_dim]
    return np.asarray(points * np.sqrt(2 / median_squared_distance(points)))


def fit_model(views: Sequence[Array], classes: NDArray[np.int64], options: ModelOptions) -> DsGplvm:
    """Fit the model to centred views of the training faces, each (N, D_v), and their classes (N,).

    A cycle has a few L-BFGS steps in X and the kernels, then updates the coefficients in closed form, the
    multipliers and mu. It is deterministic. Raises RunError if a matrix cannot be factored.
    """
    points = first_points(views, options.latent_dim)
    laplacian = shared_laplacian(views, classes, options.prior, options.xi)
    back = BackProjection(views, options.mapping, options.ridge, options.width, options.view_weights)
    back.start(points, options.mu)
    model = DsGplvm(points, [Hyperparameters() for _ in views], back, options.mu)
    for _ in range(options.cycles):
        before, after, objective = _move_points(model, views, laplacian, options)
        back.solve(model.points, model.mu)
        model.history.append(Cycle(objective, before, after, back.residual(model.points)))
        back.climb(model.points, model.mu)
        model.mu = min(options.growth * model.mu, options.mu_max)
    # Coefficients for the final multipliers and mu.
    back.solve(model.points, model.mu)
    return model


def _move_points(
    model: DsGplvm, views: Sequence[Array], laplacian: Array, options: ModelOptions
) -> tuple[float, float, float]:
    """Run the X-step; return the augmented Lagrangian before and after, and the objective after."""
    shape, count = model.points.shape, model.points.size
    constraints = model.back_projection.constraints()
    values: list[float] = []

    def evaluate(flat: Array) -> tuple[float, Array]:
        points, kernels = flat[:count].reshape(shape), _unpack(flat[count:])
        value, by_points, by_kernels = model_objective(
            points, kernels, views, laplacian, options.prior_weight
        )
        extra, by_constraints = constraint_term(points, constraints, model.mu)
        values.append(value + extra)
        return value + extra, np.concatenate([(by_points + by_constraints).ravel(), by_kernels.ravel()])

    start = np.concatenate([model.points.ravel(), *[kernel.as_array() for kernel in model.kernels]])
    bounds = [(None, None)] * count + list(BOUNDS) * len(views)
    found = minimize(
        evaluate, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": options.steps}
    )
    if not np.isfinite(found.fun):
        raise RunError(
            "ds_gplvm: the objective is not finite: the training has diverged. Lower mu or prior_weights."
        )
    model.points = np.asarray(found.x[:count].reshape(shape))
    model.kernels = _unpack(found.x[count:])
    extra, _ = constraint_term(model.points, constraints, model.mu)
    # The first evaluation of L-BFGS is at the start.
    return values[0], float(found.fun), float(found.fun) - extra


def _unpack(flat: Array) -> list[Hyperparameters]:
    return [Hyperparameters(*(float(number) for number in row)) for row in flat.reshape(-1, 4)]
