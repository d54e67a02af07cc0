"""The graph of the prior."""

from __future__ import annotations

import numpy as np
import pytest
from ferkit_dsgplvm.laplacian import Prior, join_classes, normalised_laplacian, shared_laplacian

from tests.plugins.test_ferkit_dsgplvm.curve import make_curve

VIEWS, CLASSES, _ = make_curve(5, seed=0)
PRIORS: tuple[Prior, ...] = ("lpp", "lda")


@pytest.mark.parametrize("prior", PRIORS)
def test_it_is_symmetric_positive_semidefinite_and_nought_between_classes(prior: Prior) -> None:
    found = shared_laplacian(VIEWS, CLASSES, prior, xi=0.0)
    np.testing.assert_array_equal(found, found.T)
    assert np.linalg.eigvalsh(found).min() > -1e-12
    assert not found[CLASSES[:, None] != CLASSES[None, :]].any()
    assert (found[CLASSES[:, None] == CLASSES[None, :]] != 0).all()


@pytest.mark.parametrize("prior", PRIORS)
def test_it_has_one_free_direction_for_each_class(prior: Prior) -> None:
    each = normalised_laplacian(join_classes(VIEWS[0], CLASSES, prior))
    assert int((np.linalg.eigvalsh(each) < 1e-10).sum()) == len(np.unique(CLASSES))


def test_lda_is_the_scatter_inside_the_classes_once_for_each_view() -> None:
    points = np.random.default_rng(1).standard_normal((len(CLASSES), 3))
    means = np.array([points[index == CLASSES].mean(axis=0) for index in CLASSES])
    found = np.trace(points.T @ shared_laplacian(VIEWS, CLASSES, "lda", xi=0.0) @ points)
    assert found == pytest.approx(2 * ((points - means) ** 2).sum())


def test_lpp_joins_near_faces_more() -> None:
    weights = join_classes(np.array([[0.0], [1.0], [5.0], [5.5]]), np.array([0, 0, 0, 1]), "lpp")
    assert weights[0, 1] > weights[0, 2] > 0
    assert weights[2, 3] == 0


def test_xi_is_on_the_diagonal_once() -> None:
    difference = shared_laplacian(VIEWS, CLASSES, "lpp", 0.25) - shared_laplacian(VIEWS, CLASSES, "lpp", 0.0)
    np.testing.assert_allclose(difference, 0.25 * np.eye(len(CLASSES)), atol=1e-12)
