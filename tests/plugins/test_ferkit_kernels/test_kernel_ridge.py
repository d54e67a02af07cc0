"""Kernel ridge regression on features of a fake network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ferkit_kernels.blocks import BlockDistances, mean_kernel
from ferkit_kernels.kernel_ridge import KernelRidgeEstimator
from ferkit_kernels.search import Candidate, Regression, choose, make_candidates
from numpy.typing import NDArray
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.preprocessing import StandardScaler

from ferkit.errors import DataError, RunError
from ferkit.interfaces import Epoch, Face
from tests.builders import LABELS, make_faces

FACES = make_faces(per_class=6, side=4)


class FakeNetwork:
    """The stage "mean" is informative, "noise" and "constant" are not."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[str, ...], int, bool]] = []
        self.trained_on: int | None = 0

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Any:
        raise AssertionError("the network is not trained")

    def stage_features(
        self, faces: Sequence[Face], stages: Sequence[str], grid: int = 0, mirror: bool = False
    ) -> list[NDArray[np.float64]]:
        self.calls.append((tuple(stages), grid, mirror))
        noise = np.random.default_rng(len(faces)).normal(size=(len(faces), 4))
        rows = {
            "mean": np.array([[face.image.mean(), 1.0] for face in faces]),
            "noise": noise,
            "constant": np.full((len(faces), 3), 0.1),
        }
        return [rows[stage] for stage in stages]

    def count_trained_on(self, faces: Sequence[Face]) -> int | None:
        return self.trained_on


def make(labels: Sequence[str] = LABELS, **options: Any) -> KernelRidgeEstimator:
    network = FakeNetwork()
    given = {"stages": ("mean",), "inner_folds": 3, "network": network, "open_model": lambda name: network}
    return KernelRidgeEstimator(labels, **{**given, **options})


def fit(labels: Sequence[str] = LABELS, **options: Any) -> tuple[KernelRidgeEstimator, Epoch]:
    estimator = make(labels, **options)
    (epoch,) = estimator.fit(FACES, FACES[::2])
    return estimator, epoch


def indices(faces: Sequence[Face]) -> NDArray[np.intp]:
    return np.array([LABELS.index(face.sample.label) for face in faces])


def test_the_kernel_of_a_block_is_scikit_learns_of_standardised_features() -> None:
    rng = np.random.default_rng(0)
    train, test = rng.normal(3, 2, (9, 5)), rng.normal(3, 2, (4, 5))
    scaler = StandardScaler().fit(train)
    expected = rbf_kernel(scaler.transform(test), scaler.transform(train), gamma=0.7 / 5)
    distances = BlockDistances([train])([test])
    np.testing.assert_allclose(mean_kernel(distances, 0.7), expected)


def test_the_kernel_is_the_mean_over_the_blocks() -> None:
    rng = np.random.default_rng(0)
    blocks = [rng.normal(size=(6, 3)), rng.normal(size=(6, 8))]
    each = [mean_kernel(BlockDistances([block])([block]), 1.0) for block in blocks]
    np.testing.assert_allclose(mean_kernel(BlockDistances(blocks)(blocks), 1.0), np.mean(each, axis=0))


def test_the_scores_are_those_of_scikit_learns_regression_around_the_class_frequencies() -> None:
    rng = np.random.default_rng(0)
    rows, truth = rng.normal(size=(12, 3)), np.arange(12) % 3
    distances = BlockDistances([rows])([rows])
    fitted = Regression(distances, truth, 3, Candidate(1.0, 0.1, (0,)))
    targets = np.eye(3)[truth] - 1 / 3
    machine = KernelRidge(alpha=0.1, kernel="rbf", gamma=1 / 3).fit(
        StandardScaler().fit_transform(rows), targets
    )
    expected = machine.predict(StandardScaler().fit_transform(rows)) + 1 / 3
    np.testing.assert_allclose(fitted.scores(distances), expected)


def test_it_learns_what_the_features_show_and_does_not_train_the_network() -> None:
    estimator, epoch = fit()
    assert epoch.train_accuracy == 1
    assert (epoch.probabilities.argmax(axis=1) == indices(FACES[::2])).all()
    np.testing.assert_allclose(estimator.predict(FACES).sum(axis=1), 1)
    assert 0 < epoch.validation_loss < np.log(3)
    assert estimator.predict([]).shape == (0, 3)


def test_inner_folds_keep_movies_together_if_the_tested_faces_are_of_other_movies() -> None:
    faces = [
        replace(face, sample=replace(face.sample, groups={"movie": str(place % 2)}))
        for place, face in enumerate(FACES)
    ]
    for movie, expected in (("2", 2), ("1", 3)):
        other = replace(faces[0], sample=replace(faces[0].sample, groups={"movie": movie}))
        (epoch,) = make(inner_by="test").fit(faces, [other])
        assert epoch.details["inner_folds"] == expected


def test_grid_and_mirror_reach_the_network() -> None:
    network = FakeNetwork()
    fit(network=network, grid=2, mirror=False)
    assert set(network.calls) == {(("mean",), 2, False)}


def test_choose_blocks_leaves_out_a_block_of_noise() -> None:
    rng = np.random.default_rng(3)
    truth = np.arange(60) % 3
    blocks = [truth[:, None] + rng.normal(0, 0.1, (60, 2)), rng.normal(size=(60, 500))]
    places = np.arange(60)
    folds = [(places[places % 5 != fold], places[places % 5 == fold]) for fold in range(5)]
    found = choose(blocks, truth, folds, make_candidates([3.0], [0.05], 2, True))
    assert found.candidate.blocks in {(0,), (0, 1)}
    noisy = choose(blocks, truth, folds, [Candidate(3.0, 0.05, (1,)), Candidate(3.0, 0.05, (0,))])
    assert noisy.candidate.blocks == (0,)
    assert noisy.accuracy == 1


def test_candidates_are_ordered_from_the_smoothest() -> None:
    found = make_candidates([1.0, 0.3], [0.05, 0.2], 2, True)
    assert found[0] == Candidate(0.3, 0.2, (0, 1))
    assert len(found) == 12


def test_a_class_without_training_faces_has_probability_0() -> None:
    estimator, _ = fit(labels=[*LABELS, "contempt"])
    assert (estimator.predict(FACES)[:, 3] == 0).all()


def test_a_block_without_variance_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="'constant'"):
        fit(stages=("mean", "constant"))


def test_prediction_before_fit_is_refused() -> None:
    with pytest.raises(RunError, match="fit"):
        make().predict(FACES)


def test_one_class_is_refused() -> None:
    one = [face for face in FACES if face.sample.label == LABELS[0]]
    estimator = make()
    with pytest.raises(DataError, match="two classes"):
        next(iter(estimator.fit(one, FACES)))


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"stages": ()}, "stages"),
        ({"stages": ("a", "a")}, "stages"),
        ({"grid": 0}, "grid"),
        ({"image_size": 8}, "image_size"),
        ({"gamma": ()}, "gamma"),
        ({"ridge": (0.0,)}, "ridge"),
        ({"inner_folds": 1}, "inner_folds"),
        ({"inner_by": ""}, "inner_by"),
        ({"stages": tuple("abcdefg"), "choose_blocks": True}, "choose_blocks"),
    ],
)
def test_bad_options_are_refused_by_name(options: dict[str, Any], key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: expected"):
        make(**options)


def test_stages_of_other_models_are_blocks() -> None:
    opened: dict[str, FakeNetwork] = {}
    estimator, epoch = fit(
        stages=("noise",),
        models={"default": ("mean",), "runs/other": ("mean", "noise")},
        open_model=lambda name: opened.setdefault(name, FakeNetwork()),
        choose_blocks=True,
    )
    assert list(opened) == ["default", "runs/other"]
    assert opened["runs/other"].calls[0] == (("mean", "noise"), 1, True)
    blocks = {key: value for key, value in epoch.details.items() if key.startswith("block_")}
    assert set(blocks) == {
        "block_noise",
        "block_default.mean",
        "block_runs/other.mean",
        "block_runs/other.noise",
    }
    assert blocks["block_default.mean"] or blocks["block_runs/other.mean"]
    assert (estimator.predict(FACES).argmax(axis=1) == indices(FACES)).mean() > 0.9
    assert not epoch.warnings


@pytest.mark.parametrize(("count", "words"), [(3, "3 of 9 tested images"), (None, "are unknown")])
def test_a_model_that_was_trained_on_tested_images_is_reported(count: int | None, words: str) -> None:
    other = FakeNetwork()
    other.trained_on = count
    _, epoch = fit(models={"runs/other": ("mean",)}, open_model=lambda name: other)
    (warning,) = epoch.warnings
    assert words in warning
    assert "runs/other" in warning


def test_a_model_that_cannot_be_opened_is_named_with_its_key() -> None:
    def refuse(name: str) -> Any:
        raise RunError(f"Cannot find the model {name}")

    with pytest.raises(RunError, match=r"estimator\.models: Cannot find the model nope"):
        fit(models={"nope": ("mean",)}, open_model=refuse)
    with pytest.raises(ValueError, match="at least one stage of nope"):
        make(models={"nope": ()})
