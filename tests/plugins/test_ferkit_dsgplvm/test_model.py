"""Alternating directions on two views of a curve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ferkit_dsgplvm.back_projection import BackProjection, ProjectionKind
from ferkit_dsgplvm.kernel import squared_distances
from ferkit_dsgplvm.model import DsGplvm, ModelOptions, first_points, fit_model
from numpy.typing import NDArray

from ferkit.errors import RunError
from tests.plugins.test_ferkit_dsgplvm.curve import Array, make_curve

MAPPINGS: tuple[ProjectionKind, ...] = ("independent", "single")
OPTIONS = ModelOptions(latent_dim=3, prior_weight=300.0, ridge=0.1, cycles=12, growth=1.8)
VIEWS, CLASSES, PLACES = make_curve(12, seed=0)
OTHERS, TRUTH, OTHER_PLACES = make_curve(40, seed=1)


def centred(views: list[Array], others: list[Array]) -> tuple[list[Array], list[Array]]:
    means = [view.mean(axis=0) for view in views]
    return (
        [one - mean for one, mean in zip(views, means, strict=True)],
        [one - mean for one, mean in zip(others, means, strict=True)],
    )


TRAIN, TEST = centred(VIEWS, OTHERS)


@pytest.fixture(scope="module", params=MAPPINGS)
def fitted(request: pytest.FixtureRequest) -> DsGplvm:
    return fit_model(TRAIN, CLASSES, replace(OPTIONS, mapping=request.param))


def one_nn(points: Array, places: Array) -> NDArray[np.int64]:
    return np.asarray(CLASSES[squared_distances(places, points).argmin(axis=1)])


def accuracy(points: Array, places: Array) -> float:
    return float((one_nn(points, places) == TRUTH).mean())


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_coefficients_are_where_the_augmented_lagrangian_is_stationary(mapping: ProjectionKind) -> None:
    points = np.random.default_rng(2).standard_normal((len(CLASSES), 2))
    back, mu = BackProjection(TRAIN, mapping, ridge=0.7), 1.9
    back.start(points, mu)
    back.climb(points, mu)
    back.solve(points + 0.3, mu)
    for kernel, coefficients, multipliers in zip(
        back.kernels, back.coefficients, back.multipliers, strict=True
    ):

        def value(at: Array, kernel: Array = kernel, multipliers: Array = multipliers) -> float:
            gap = points + 0.3 - kernel @ at
            penalty = 0.35 * np.trace(at.T @ kernel @ at)
            return float((multipliers * gap).sum() + mu / 2 * (gap**2).sum() + penalty)

        direction = np.random.default_rng(4).standard_normal(coefficients.shape)
        middle, step = value(coefficients), 1e-3
        ahead, behind = value(coefficients + step * direction), value(coefficients - step * direction)
        assert abs(ahead - behind) / (2 * step) < 1e-5
        assert min(ahead, behind) > middle


def test_a_single_map_has_the_weighed_sum_of_the_views_kernels() -> None:
    each = BackProjection(TRAIN).kernels
    back = BackProjection(TRAIN, "single", weights=(0.2, 0.8))
    np.testing.assert_allclose(back.kernels[0], 0.2 * each[0] + 0.8 * each[1])
    assert len(back.kernels) == 1


def test_leaving_one_out_is_solving_without_it() -> None:
    points = np.random.default_rng(5).standard_normal((len(CLASSES), 2))
    back = BackProjection(TRAIN)
    back.start(points, 2.0)
    rest = np.arange(1, len(CLASSES))
    expected = []
    for kernel in back.kernels:
        inner = kernel[np.ix_(rest, rest)] + back.ridge / 2.0 * np.eye(len(rest))
        expected.append(kernel[0, rest] @ np.linalg.solve(inner, points[rest]))
    np.testing.assert_allclose(back.leave_one_out(2.0)[0], np.mean(expected, axis=0))


def test_no_x_step_raises_the_augmented_lagrangian(fitted: DsGplvm) -> None:
    assert all(one.after <= one.before + 1e-9 * abs(one.before) for one in fitted.history)
    assert any(one.after < one.before - 1e-3 for one in fitted.history)


def test_the_constraints_residual_falls_to_almost_nothing(fitted: DsGplvm) -> None:
    residuals = [one.residual for one in fitted.history]
    assert len(residuals) == OPTIONS.cycles
    assert residuals[-1] < 0.05 * residuals[0]
    np.testing.assert_allclose(fitted.project(TRAIN), fitted.points, atol=0.1 * np.abs(fitted.points).max())


def test_faces_never_seen_are_told_apart_better_than_in_the_views(fitted: DsGplvm) -> None:
    found = accuracy(fitted.points, fitted.project(TEST))
    assert found > accuracy(np.hstack(TRAIN), np.hstack(TEST)) + 0.08
    assert found > 0.75


def test_the_prior_draws_classes_together_and_helps(fitted: DsGplvm) -> None:
    mapping = fitted.back_projection.mapping
    without = fit_model(TRAIN, CLASSES, replace(OPTIONS, mapping=mapping, prior_weight=0.0))
    gain = accuracy(fitted.points, fitted.project(TEST)) - accuracy(without.points, without.project(TEST))
    assert gain > 0.1
    assert fitted.scatter_inside_classes(CLASSES) < without.scatter_inside_classes(CLASSES)


def test_the_points_can_not_escape_the_prior_by_changing_their_scale() -> None:
    """The views have a structure of their own, across the classes, which the likelihood would rather keep.

    Were the variance free to grow, or the length to shrink, smaller points would keep it at no cost.
    """
    generator = np.random.default_rng(0)
    hidden = generator.standard_normal((40, 3))
    views = [
        hidden @ generator.standard_normal((3, 60)) / np.sqrt(3) + generator.standard_normal((40, 60))
        for _ in range(2)
    ]
    views, _ = centred([view / view.std() for view in views], views)
    classes = np.repeat(np.arange(4), 10)
    weak, strong = (
        fit_model(views, classes, ModelOptions(3, weight, cycles=25, growth=1.4)) for weight in (1.0, 300.0)
    )
    assert weak.scatter_inside_classes(classes) > 0.9
    assert strong.scatter_inside_classes(classes) < 0.87
    assert all(kernel.variance <= 0 <= kernel.length for kernel in strong.kernels)


def test_the_curve_can_be_read_off_the_latent_places_of_faces_never_seen(fitted: DsGplvm) -> None:
    def features(points: Array) -> Array:
        """Every product of up to two coordinates: the curve is bent in the latent space."""
        padded = np.hstack([points, np.ones((len(points), 1))])
        first, second = np.triu_indices(padded.shape[1])
        return np.asarray(padded[:, first] * padded[:, second])

    weights, *_ = np.linalg.lstsq(features(fitted.points), PLACES, rcond=None)
    assert np.corrcoef(features(fitted.project(TEST)) @ weights, OTHER_PLACES)[0, 1] > 0.7


def test_lda_separates_too() -> None:
    model = fit_model(TRAIN, CLASSES, replace(OPTIONS, prior="lda"))
    assert accuracy(model.points, model.project(TEST)) > 0.75


def test_mu_grows_up_to_its_limit() -> None:
    model = fit_model(TRAIN, CLASSES, replace(OPTIONS, cycles=6, growth=2.0, mu_max=10.0))
    assert model.mu == 10.0


def test_latent_points_begin_with_principal_components_in_a_scale_of_their_own() -> None:
    points = first_points(TRAIN, 3)
    pairs = squared_distances(points, points)[np.triu_indices(len(points), 1)]
    assert np.median(pairs) == pytest.approx(2.0)
    cross = points.T @ points
    np.testing.assert_allclose(cross - np.diag(np.diag(cross)), 0, atol=1e-9)
    assert (np.diff(np.diag(cross)) < 0).all()


def test_a_training_that_diverges_says_so() -> None:
    with np.errstate(all="ignore"), pytest.raises(RunError, match=r"diverged\. Lower mu or prior_weights"):
        fit_model(TRAIN, CLASSES, replace(OPTIONS, prior_weight=1e308))


def test_a_face_that_is_there_many_times_does_no_harm() -> None:
    rows = np.r_[np.zeros(20, dtype=np.int64), np.arange(len(CLASSES))]
    model = fit_model([view[rows] for view in TRAIN], CLASSES[rows], replace(OPTIONS, cycles=4))
    assert np.isfinite(model.points).all()
