"""Preparation and search, compared with scikit-learn's, without leakage into inner test folds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ferkit_svm.preparation import BlockScaler, Scaling, make_preparation
from ferkit_svm.search import Grid, choose, class_logits, fit_decision_scale
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

GRID = Grid("rbf", costs=(10.0, 1.0), gammas=(3.0, 0.3), class_weights="equal")
WIDTHS = (6, 4)


def problem(classes: int = 3, per_class: int = 12, spread: float = 2.0) -> tuple[Any, Any]:
    """Clouds that overlap. Features (N, 10), truth (N,)."""
    generator = np.random.default_rng(0)
    truth = np.repeat(np.arange(classes), per_class)
    centres = generator.normal(size=(classes, 10))
    return centres[truth] + spread * generator.normal(size=(len(truth), 10)), truth


def parts_of(truth: NDArray[np.intp]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    return list(StratifiedKFold(3, shuffle=True, random_state=0).split(truth, truth))


def ignore(rows: NDArray[np.float64]) -> None:
    pass


def test_each_block_is_divided_by_the_root_of_its_total_variance() -> None:
    rows = np.array([[0.0, 0.0, 1.0, 7.0], [6.0, 8.0, 3.0, 7.0]])  # variances 9, 16, 1, 0
    found = BlockScaler((2, 1, 1)).fit(rows).transform(rows)
    np.testing.assert_allclose(found, [[-0.6, -0.8, -1.0, 0.0], [0.6, 0.8, 1.0, 0.0]])


@pytest.mark.parametrize("scaling", ["features", "descriptors", "components"])
def test_what_the_svm_is_given_has_variance_1_in_all(scaling: Scaling) -> None:
    features, _ = problem()
    prepared = make_preparation(scaling, 0.98, WIDTHS).fit_transform(features)
    assert prepared.var(axis=0).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("scaling", "by_feature", "by_descriptor"),
    [("features", True, True), ("descriptors", False, True), ("components", False, False)],
)
def test_which_units_matter_depends_on_the_scaling(
    scaling: Scaling, by_feature: bool, by_descriptor: bool
) -> None:
    features, _ = problem()
    expected = make_preparation(scaling, 0.9, WIDTHS).fit_transform(features)
    for factors, is_same in (
        ([50.0] + [1.0] * 9, by_feature),
        ([50.0] * 6 + [1.0] * 4, by_descriptor),
    ):
        found = make_preparation(scaling, 0.9, WIDTHS).fit_transform(features * factors)
        assert (found.shape == expected.shape and np.allclose(found, expected)) is is_same


@pytest.mark.parametrize(("variance", "expected"), [(0.5, 1), (0.6, 2), (0.9, 2), (0.95, 3), (1.0, 4)])
def test_pca_keeps_the_fewest_components_with_the_share_of_variance(variance: float, expected: int) -> None:
    signs = np.array([[a, b, c, d] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1) for d in (-1, 1)])
    features = signs * np.sqrt([0.55, 0.38, 0.04, 0.03])
    prepared = make_preparation("components", variance, (4,)).fit_transform(features)
    assert prepared.shape == (16, expected)


@pytest.mark.parametrize("scaling", ["features", "descriptors", "components"])
@pytest.mark.parametrize("weights", ["equal", "inverse_frequency"])
def test_the_choice_is_that_of_scikit_learn_s_grid_search(scaling: Scaling, weights: Any) -> None:
    features, truth = problem()
    features, truth = features[4:], truth[4:]
    grid = Grid("rbf", (1.0, 10.0, 100.0), (0.3, 1.0, 3.0), weights)
    preparation = make_preparation(scaling, 0.9, WIDTHS)
    found = choose(features, truth, parts_of(truth), preparation, grid, ignore)
    machine = SVC(class_weight="balanced" if weights != "equal" else None, break_ties=True)
    theirs = GridSearchCV(
        Pipeline([*make_preparation(scaling, 0.9, WIDTHS).steps, ("svm", machine)]),
        {"svm__C": [1.0, 10.0, 100.0], "svm__gamma": [0.3, 1.0, 3.0]},
        scoring=lambda model, rows, answers: (model.predict(rows) == answers).sum(),
        cv=parts_of(truth),
    ).fit(features, truth)
    mean = theirs.best_score_ * 3 / len(truth)
    assert found.accuracy == pytest.approx(mean)
    assert 0.3 < found.accuracy < 1
    assert (found.machine.C, found.machine.gamma) == tuple(theirs.best_params_.values())


def test_inner_folds_fit_on_their_own_part_alone() -> None:
    features, truth = problem()
    seen: list[NDArray[np.float64]] = []
    choose(features, truth, parts_of(truth), make_preparation("features", 0.9, WIDTHS), GRID, seen.append)
    for rows, (train, _) in zip(seen, parts_of(truth), strict=True):
        np.testing.assert_array_equal(rows, features[train])


def test_of_settings_that_are_equally_good_the_smallest_is_taken() -> None:
    features, truth = problem(spread=0.01)
    found = choose(features, truth, parts_of(truth), make_preparation("features", 0.9, WIDTHS), GRID, ignore)
    assert (found.accuracy, found.machine.C, found.machine.gamma) == (1.0, 1.0, 0.3)


def test_gamma_has_no_part_in_a_linear_machine() -> None:
    machines = Grid("linear", (1.0, 2.0), (0.1, 1.0), "equal").machines()
    assert [(one.kernel, one.C) for one in machines] == [("linear", 1.0), ("linear", 2.0)]


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_the_largest_logit_is_what_the_svm_predicts(classes: int) -> None:
    features, truth = problem(classes)
    for machine in GRID.machines():
        machine.fit(features, truth)
        rows = np.random.default_rng(1).normal(scale=3, size=(300, 10))
        np.testing.assert_array_equal(class_logits(machine, rows).argmax(axis=1), machine.predict(rows))


def test_the_largest_logit_is_what_the_svm_predicts_where_it_can_not_tell() -> None:
    rows = np.array([[-1.0], [1.0], [0.0]])
    for answers in ([0, 1], [1, 0]):
        machine = GRID.machines()[0].fit(rows[:2], answers)
        assert machine.decision_function(rows[2:])[0] == 0
        assert class_logits(machine, rows[2:]).argmax() == machine.predict(rows[2:])[0]


def test_the_temperature_is_that_of_the_least_loss_and_changes_no_answer() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(200, 3))
    truth = np.array([generator.choice(3, p=np.exp(row)) for row in log_softmax(logits, axis=1)])
    losses = []
    found = fit_decision_scale(5 * logits, truth)
    for temperature in (0.9 * found, found, 1.1 * found):
        losses.append(-log_softmax(5 * logits / temperature, axis=1)[np.arange(200), truth].mean())
    assert losses[1] == min(losses)
    assert 3.5 < found < 7
