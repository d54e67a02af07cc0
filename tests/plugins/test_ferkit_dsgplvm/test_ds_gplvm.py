"""The estimator ds_gplvm: probabilities of faces, and errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ferkit_dsgplvm.ds_gplvm import DsGplvmEstimator
from ferkit_dsgplvm.views import ViewScaler

from ferkit.errors import DataError, RunError
from ferkit.interfaces import Epoch, Face
from tests.plugins.test_ferkit_dsgplvm.curve import LABELS, Array, TableDescriptor, make_curve, number_faces

FEW, MANY = 10, 12
TRAIN_VIEWS, CLASSES, _ = make_curve(FEW, seed=0, noise=0.4)
TEST_VIEWS, TRUTH, _ = make_curve(MANY, seed=1, noise=0.4)
VIEWS = [np.vstack(pair) for pair in zip(TRAIN_VIEWS, TEST_VIEWS, strict=True)]
TRAIN = number_faces(CLASSES.tolist(), movie="M")
TEST = number_faces(TRUTH.tolist(), first=len(TRAIN), movie="N")
QUICK = {"latent_dims": (3,), "prior_weights": (300.0,), "ridges": (0.1,), "cycles": 8, "growth": 2.0}


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def make_estimator(views: list[Array] | None = None, **options: Any) -> DsGplvmEstimator:
    descriptors = tuple(
        TableDescriptor(rows, name) for rows, name in zip(views or VIEWS, ("waves", "rings"), strict=True)
    )
    return DsGplvmEstimator(LABELS, descriptors, **{"image_size": 8, **QUICK, **options})


def fit(estimator: DsGplvmEstimator, train: list[Face], test: list[Face]) -> Epoch:
    (epoch,) = estimator.fit(train, test)
    return epoch


def accuracy(probabilities: Array) -> float:
    return float((probabilities.argmax(axis=1) == TRUTH).mean())


@pytest.mark.parametrize("mapping", ["independent", "single"])
def test_one_epoch_tells_faces_never_seen_apart(mapping: str) -> None:
    epoch = fit(make_estimator(back_projection=mapping), TRAIN, TEST)
    assert epoch.number == 1
    assert epoch.probabilities.shape == (len(TEST), len(LABELS))
    np.testing.assert_allclose(epoch.probabilities.sum(axis=1), 1)
    assert accuracy(epoch.probabilities) > 0.75
    assert epoch.train_accuracy > 0.9
    assert epoch.validation_loss < np.log(len(LABELS))
    assert epoch.details["latent_dim"] == 3
    assert 0 <= epoch.details["constraint_residual"] < 0.1


def test_its_scale_is_fitted_to_faces_left_out() -> None:
    estimator = make_estimator()
    epoch = fit(estimator, TRAIN, TEST)
    assert estimator.nearest is not None
    for factor in (0.05, 20.0):
        estimator.nearest.scale *= factor
        of_truth = estimator.predict(TEST)[np.arange(len(TEST)), TRUTH]
        assert -np.log(np.maximum(of_truth, 1e-12)).mean() > epoch.validation_loss
        estimator.nearest.scale /= factor


def test_a_face_s_probabilities_do_not_depend_on_the_others() -> None:
    estimator = make_estimator()
    together = fit(estimator, TRAIN, TEST).probabilities
    alone = np.vstack([estimator.predict([face]) for face in TEST[:6]])
    np.testing.assert_allclose(alone, together[:6], rtol=1e-9)
    assert estimator.predict([]).shape == (0, len(LABELS))


def test_labels_of_the_validation_faces_choose_nothing() -> None:
    several: dict[str, Any] = {"latent_dims": (1, 3), "prior_weights": (0.0, 300.0), "search_cycles": 4}
    swapped = [
        replace(face, sample=replace(face.sample, label=LABELS[(index + 1) % len(LABELS)]))
        for face, index in zip(TEST, TRUTH.tolist(), strict=True)
    ]
    one, other = (fit(make_estimator(**several), TRAIN, faces) for faces in (TEST, swapped))
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    assert one.details == other.details


def test_the_search_finds_that_one_dimension_without_prior_is_too_little() -> None:
    epoch = fit(make_estimator(latent_dims=(1, 3), prior_weights=(0.0, 300.0), search_cycles=5), TRAIN, TEST)
    assert (epoch.details["latent_dim"], epoch.details["prior_weight"]) == (3, 300)
    assert 0.5 < epoch.details["inner_mean_recall"] <= 1


def test_inner_bys_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[set[str], set[str]]] = []
    import ferkit_dsgplvm.search as search

    divide = search.split

    def watched(training: search.Training, folds: int, seed: int) -> Iterator[Any]:
        for inner, held_out in divide(training, folds, seed):
            assert training.groups is not None
            seen.append((set(training.groups[inner]), set(training.groups[held_out])))
            yield inner, held_out

    monkeypatch.setattr(search, "split", watched)
    fit(make_estimator(latent_dims=(2, 3), inner_by="movie", search_cycles=2), TRAIN, TEST)
    assert len(seen) == 3
    assert all(inner.isdisjoint(held_out) for inner, held_out in seen)


def test_fewer_inner_folds_than_asked_for_are_told() -> None:
    train = [face for place, face in enumerate(TRAIN) if place % FEW < 2]
    options: dict[str, Any] = {"latent_dims": (1, 2), "search_cycles": 2}
    epoch = fit(make_estimator(**options), train, TEST)
    assert list(epoch.warnings) == [
        "hyperparameters were chosen on 2 inner folds, not 3: a class has 2 training faces"
    ]
    assert not fit(make_estimator(**options), TRAIN, TEST).warnings


def test_no_validation_face_is_no_loss() -> None:
    epoch = fit(make_estimator(), TRAIN, [])
    assert epoch.validation_loss == 0
    assert epoch.probabilities.shape == (0, len(LABELS))


def test_with_several_neighbours_the_nearest_class_on_the_average_wins() -> None:
    estimator = make_estimator(neighbours=3)
    epoch = fit(estimator, TRAIN, TEST)
    assert estimator.nearest is not None
    assert estimator.model is not None
    views = [scale(rows[len(TRAIN) :]) for scale, rows in zip(estimator.scalers, VIEWS, strict=True)]
    for place, row in zip(estimator.model.project(views), epoch.probabilities, strict=True):
        squared = ((estimator.model.points - place) ** 2).sum(axis=1)
        means = [np.sort(squared[index == CLASSES])[:3].mean() for index in range(len(LABELS))]
        assert row.argmax() == np.argmin(means)


def test_a_class_without_training_faces_has_no_probability() -> None:
    kept = [face for face in TRAIN if face.sample.label != "fear"]
    probabilities = fit(make_estimator(), kept, TEST).probabilities
    assert not probabilities[:, LABELS.index("fear")].any()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def rows_with(value: float | Array, which: slice) -> list[Array]:
    changed = VIEWS[1].copy()
    changed[which] = value
    return [VIEWS[0], changed]


CLASS_ONE = [face for face in TRAIN if face.sample.label == "fear"]


@pytest.mark.parametrize(
    ("views", "train", "options", "error", "message"),
    [
        (None, [], {}, DataError, "at least two classes, got no faces"),
        (None, CLASS_ONE, {}, DataError, "at least two classes, got only 'fear'"),
        (None, TRAIN[: FEW + 1], {}, DataError, "at least two training faces of each class, got one of fear"),
        (rows_with(4.0, slice(None)), TRAIN, {}, DataError, "view 'rings' is the same for all 40"),
        (
            rows_with(np.nan, slice(3, 4)),
            TRAIN,
            {},
            DataError,
            "3.png: the descriptor 'rings' returned .* finite",
        ),
        (None, TRAIN, {"latent_dims": (40,)}, RunError, r"latent_dims: expected at most \d+ .* got 40"),
        (None, TRAIN[:4] + TRAIN[FEW : FEW + 4], {"latent_dims": (9,)}, RunError, "for 8 .* got 9"),
        (None, TRAIN, {"inner_by": "person"}, DataError, "no group of the kind 'person'.* movie"),
    ],
)
def test_faces_that_can_not_be_learned_from_are_refused_with_the_reason(
    views: list[Array] | None,
    train: list[Face],
    options: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        fit(make_estimator(views, **options), train, TEST)


def test_too_few_groups_for_the_inner_folds_are_counted() -> None:
    train = [face for face in TRAIN if face.sample.groups["movie"] in ("M0", "M1")]
    with pytest.raises(DataError, match="at least 3 groups for inner folds, got 2"):
        fit(make_estimator(latent_dims=(2, 3), inner_by="movie"), train, TEST)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent_dims": ()}, "latent_dims, prior_weights and ridges: expected at least one"),
        ({"latent_dims": (3, 0)}, "latent_dims: .* at least 1, got 0"),
        ({"prior_weights": (-1.0,)}, "prior_weights: .* at least 0, got -1"),
        ({"ridges": (0.0,)}, "ridges: .* above 0, got 0"),
        ({"ridges": (float("nan"),)}, "ridges: .* above 0, got nan"),
        ({"xi": -1.0}, "xi: .* got -1"),
        ({"mu": 0.0}, "mu: .* above 0"),
        ({"mu": 5.0, "mu_max": 2.0}, "mu_max: .* at least 5, got 2"),
        ({"growth": 0.9}, "growth: .* at least 1, got 0.9"),
        ({"width": 0.0}, "width: .* above 0"),
        ({"cycles": 0}, "cycles: .* at least 1"),
        ({"steps": 0}, "steps: .* at least 1"),
        ({"search_cycles": 0}, "search_cycles: .* at least 1"),
        ({"inner_folds": 1}, "inner_folds: .* at least 2, got 1"),
        ({"neighbours": 0}, "neighbours: .* at least 1, got 0"),
        ({"image_size": 4}, "image_size: .* at least 8, got 4"),
        ({"inner_by": ""}, 'inner_by: .* "movie", or "none"'),
        ({"variance": 1.5}, "variance: .* got 1.5"),
        ({"view_weights": (0.5, 0.5)}, 'view_weights: .* back_projection = "single"'),
        ({"view_weights": (0.5,), "back_projection": "single"}, r"view_weights: .* got \[0.5\]"),
        ({"view_weights": (0.0, 0.0), "back_projection": "single"}, r"view_weights: .* got \[0.0, 0.0\]"),
    ],
)
def test_an_option_that_can_not_work_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_estimator(**options)


def test_no_descriptor_is_no_view() -> None:
    with pytest.raises(ValueError, match="descriptors: expected at least one"):
        DsGplvmEstimator(LABELS, ())


def test_predicting_comes_after_fitting() -> None:
    with pytest.raises(RunError, match="predict was called before fit"):
        make_estimator().predict(TEST)


@pytest.mark.parametrize("variance", [0.9, 1.0])
def test_a_view_s_scale_is_that_of_the_training_faces(variance: float) -> None:
    features = np.hstack([VIEWS[0], np.full((len(VIEWS[0]), 2), 7.0)])  # two that never differ
    by_view = ViewScaler(features, "waves", variance, "view")(features)
    by_component = ViewScaler(features, "waves", variance, "components")(features)
    np.testing.assert_allclose(by_view.mean(axis=0), 0, atol=1e-12)
    assert (by_view**2).mean() == pytest.approx(1)
    np.testing.assert_allclose(by_component.std(axis=0), 1)
    assert by_view.std(axis=0)[0] > 1 > by_view.std(axis=0)[-1]
    assert by_view.shape[1] <= 12


def test_a_view_that_is_not_finite_is_named() -> None:
    with pytest.raises(DataError, match="view 'waves' has 1 numbers that are not finite"):
        ViewScaler(np.array([[1.0, np.inf], [0.0, 2.0]]), "waves", 0.98, "view")


def test_groups_that_hold_a_whole_class_leave_nothing_to_choose_by() -> None:
    samples = [replace(face.sample, groups={"movie": face.sample.label}) for face in TRAIN]
    train = [replace(face, sample=sample) for face, sample in zip(TRAIN, samples, strict=True)]
    options = make_estimator(latent_dims=(2, 3), inner_by="movie", inner_folds=2)
    with pytest.raises(DataError, match="one of them has every training face of"):
        fit(options, train, TEST)
