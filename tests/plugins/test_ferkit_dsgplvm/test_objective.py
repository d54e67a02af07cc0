"""Values and analytic gradients of the objective."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ferkit_dsgplvm.kernel import Hyperparameters, factor, median_squared_distance, squared_distances
from ferkit_dsgplvm.objective import Constraint, constraint_term, model_objective, prior_term, view_term
from scipy.stats import multivariate_normal

from ferkit.errors import RunError
from tests.plugins.test_ferkit_dsgplvm.curve import Array

GENERATOR = np.random.default_rng(3)
POINTS = GENERATOR.standard_normal((9, 3))
VIEWS = [GENERATOR.standard_normal((9, width)) for width in (5, 11)]
KERNELS = [Hyperparameters(0.3, 0.4, -1.0, -0.7), Hyperparameters(-0.5, 0.1, -2.0, 0.2)]
SQUARE = GENERATOR.standard_normal((9, 9))
LAPLACIAN = SQUARE @ SQUARE.T


def slope(function: Callable[[Array], float], at: Array, step: float = 1e-5) -> Array:
    """Central differences of a function of an array, entry by entry."""
    found = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        moved = np.zeros_like(at)
        moved[index] = step
        found[index] = (function(at + moved) - function(at - moved)) / (2 * step)
    return found


def test_a_view_s_term_is_the_density_of_its_columns_less_the_constant() -> None:
    kernel, view = KERNELS[0], VIEWS[0]
    variance, length, bias, noise = np.exp(kernel.as_array())
    distances = ((POINTS[:, None] - POINTS[None]) ** 2).sum(axis=2)
    covariance = variance * np.exp(-distances / (2 * length**2)) + bias + noise * np.eye(9)
    density = multivariate_normal(np.zeros(9), covariance)
    expected = -sum(density.logpdf(column) for column in view.T) - view.size / 2 * np.log(2 * np.pi)
    assert view_term(POINTS, kernel, view)[0] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("index", [0, 1])
def test_a_view_s_gradients_are_those_of_central_differences(index: int) -> None:
    kernel, view = KERNELS[index], VIEWS[index]
    _, by_points, by_logarithms = view_term(POINTS, kernel, view)
    in_points = slope(lambda points: view_term(points, kernel, view)[0], POINTS)
    in_logarithms = slope(
        lambda row: view_term(POINTS, Hyperparameters(*row.tolist()), view)[0], kernel.as_array()
    )
    np.testing.assert_allclose(by_points, in_points, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(by_logarithms, in_logarithms, rtol=1e-5, atol=1e-6)


def test_the_prior_s_gradient_is_that_of_central_differences() -> None:
    value, gradient = prior_term(POINTS, LAPLACIAN, 7.0)
    assert value == pytest.approx(3.5 * np.trace(POINTS.T @ LAPLACIAN @ POINTS))
    expected = slope(lambda points: prior_term(points, LAPLACIAN, 7.0)[0], POINTS)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6)


def test_the_constraints_gradient_is_that_of_central_differences() -> None:
    constraints = [Constraint(*GENERATOR.standard_normal((2, 9, 3))) for _ in range(2)]
    _, gradient = constraint_term(POINTS, constraints, 2.5)
    expected = slope(lambda points: constraint_term(points, constraints, 2.5)[0], POINTS)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6)


def test_the_whole_objective_s_gradients_are_those_of_central_differences() -> None:
    _, by_points, by_logarithms = model_objective(POINTS, KERNELS, VIEWS, LAPLACIAN, 2.0)

    def value(points: Array, rows: Array) -> float:
        kernels = [Hyperparameters(*row) for row in rows.tolist()]
        return model_objective(points, kernels, VIEWS, LAPLACIAN, 2.0)[0]

    rows = np.array([kernel.as_array() for kernel in KERNELS])
    np.testing.assert_allclose(by_points, slope(lambda at: value(at, rows), POINTS), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(by_logarithms, slope(lambda at: value(POINTS, at), rows), rtol=1e-5, atol=1e-5)


def test_a_matrix_that_is_nearly_singular_is_factored_and_an_indefinite_one_refused() -> None:
    ones = np.ones((6, 6))
    lower = factor(ones, "the matrix")
    np.testing.assert_allclose(lower @ lower.T, ones, atol=1e-3)
    with pytest.raises(RunError, match=r"the matrix is not positive definite, even with 0.0001"):
        factor(np.eye(6) - ones, "the matrix")


def test_a_matrix_that_is_not_finite_is_refused_as_divergence() -> None:
    with pytest.raises(RunError, match=r"the matrix has numbers that are not finite: .* diverged"):
        factor(np.full((2, 2), np.nan), "the matrix")


def test_squared_distances_are_those_of_the_definition_and_never_negative() -> None:
    near = POINTS + 1e-9
    expected = ((POINTS[:, None] - VIEWS[0][None, :, :3]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared_distances(POINTS, VIEWS[0][:, :3]), expected, atol=1e-12)
    assert squared_distances(POINTS, near).min() >= 0
    assert not np.diag(squared_distances(POINTS, POINTS)).any()


@pytest.mark.parametrize(
    ("points", "expected"),
    [([[0.0], [1.0], [3.0]], 4.0), ([[2.0]] * 4, 1.0), ([[0.0]] * 5 + [[3.0]], 9.0)],
)
def test_median_distance_is_above_nought_even_where_most_points_coincide(
    points: list[list[float]], expected: float
) -> None:
    assert median_squared_distance(np.array(points)) == expected
