"""The estimator svm: its fit, its probabilities and its errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ferkit_svm.lpq import LpqDescriptor
from ferkit_svm.phog import PhogDescriptor
from ferkit_svm.svm import SvmEstimator
from numpy.typing import NDArray

from ferkit.components.build import build
from ferkit.components.part import Part
from ferkit.errors import ComponentError, DataError, RunError
from ferkit.interfaces import Epoch, Face, Sample
from ferkit.plugin import describe_faces
from ferkit.recipe.extends import read_table
from ferkit.recipe.load import load_recipe
from tests.builders import LABELS, make_faces


class Brightness:
    """The means of four quarters, which distinguish the labels of `make_faces`."""

    def __init__(self, spoil: float | None = None, scale: float = 1.0) -> None:
        self.spoil = spoil
        self.scale = scale
        self.signature = f"brightness {spoil} {scale}"

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        half = len(image) // 2
        found = image[: 2 * half, : 2 * half].reshape(2, half, 2, half).mean(axis=(1, 3)).ravel()
        return np.full(4, self.spoil) if self.spoil and found.mean() > 180 else self.scale * found


class Nothing:
    signature = "nothing"

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.ones(3)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def make(labels: Sequence[str] = LABELS, **options: Any) -> SvmEstimator:
    settings = {"descriptors": (Brightness(),), "image_size": 16, "C": (1.0, 10.0), "gamma": (0.3, 1.0)}
    return SvmEstimator(labels, **{"seed": 3, "inner_folds": 3, **settings, **options})


def fit(estimator: SvmEstimator, train: Sequence[Face], validation: Sequence[Face]) -> Epoch:
    (epoch,) = estimator.fit(train, validation)
    return epoch


def hard_faces(per_class: int = 12) -> list[Face]:
    """`make_faces`, with every third label wrong: no machine gets all of them right."""
    faces = make_faces(per_class)
    labels = [face.sample.label for face in faces]
    wrong = {place: labels[(place + 13) % len(faces)] for place in range(0, len(faces), 3)}
    return [
        replace(face, sample=replace(face.sample, label=wrong.get(place, face.sample.label)))
        for place, face in enumerate(faces)
    ]


def test_it_learns_in_one_epoch_and_tells_what_it_chose() -> None:
    faces = make_faces(8)
    epoch = fit(make(), faces[::2], faces[1::2])
    answers = [LABELS[place] for place in epoch.probabilities.argmax(axis=1)]
    assert answers == [face.sample.label for face in faces[1::2]]
    assert (epoch.number, epoch.train_accuracy, epoch.warnings) == (1, 1.0, [])
    assert epoch.details["inner_accuracy"] == 1.0
    assert epoch.details["C"] == 1.0
    assert epoch.details["gamma"] == 0.3
    assert epoch.details["components"] >= 1
    assert 0 < epoch.train_loss < 1


def test_phog_and_lpq_are_what_it_sees_where_nothing_is_named() -> None:
    estimator = SvmEstimator(LABELS)
    assert [type(one) for one in estimator.descriptors] == [PhogDescriptor, LpqDescriptor]
    faces = make_faces(3, side=32)
    epoch = fit(SvmEstimator(LABELS, image_size=32, inner_folds=2), faces, faces[:2])
    assert epoch.probabilities.shape == (2, 3)


def test_the_likeliest_class_is_the_one_that_the_svm_predicts() -> None:
    faces = hard_faces()
    estimator = make()
    epoch = fit(estimator, faces, make_faces(10))
    features = np.concatenate(describe_faces(make_faces(10), estimator.descriptors, 16), axis=1)
    assert estimator.fitted is not None
    np.testing.assert_array_equal(epoch.probabilities.argmax(axis=1), estimator.fitted.predict(features))
    np.testing.assert_allclose(epoch.probabilities.sum(axis=1), 1)
    assert len(set(epoch.probabilities.argmax(axis=1))) > 1


def test_losses_are_negative_log_likelihoods_of_the_answers() -> None:
    faces, others = hard_faces(), make_faces(4)
    estimator = make()
    epoch = fit(estimator, faces, others)
    for given, loss in ((faces, epoch.train_loss), (others, epoch.validation_loss)):
        columns = [LABELS.index(face.sample.label) for face in given]
        chances = estimator.predict(given)[np.arange(len(given)), columns]
        assert loss == pytest.approx(-np.log(chances).mean())


def test_scaling_and_pca_are_fitted_on_the_training_faces_alone() -> None:
    faces = make_faces(8)
    estimator = make()
    fit(estimator, faces[::2], faces[1::2])
    rows = np.concatenate(describe_faces(faces[::2], estimator.descriptors, 16), axis=1)
    assert estimator.fitted is not None
    np.testing.assert_allclose(estimator.fitted["scale"].mean_, rows.mean(axis=0))
    assert estimator.fitted["pca"].n_samples_ == len(rows)


def test_what_is_said_of_a_face_does_not_depend_on_the_others_nor_on_validation() -> None:
    faces, test = hard_faces(), make_faces(5)
    estimator, other = make(), make()
    together = fit(estimator, faces, test).probabilities
    alone = np.concatenate([estimator.predict([face]) for face in test])
    np.testing.assert_allclose(together, alone)
    renamed = [replace(face, sample=replace(face.sample, label="anger")) for face in test[:4]]
    fit(other, faces, renamed)
    np.testing.assert_array_equal(other.predict(test), together)


def test_columns_are_in_the_labels_order_and_a_class_without_faces_has_no_chance() -> None:
    faces = make_faces(6)
    usual = fit(make(), faces, faces).probabilities
    labels = ("neutral", "fear", "happiness", "anger")
    found = fit(make(labels), faces, faces).probabilities
    assert not found[:, 1].any()
    np.testing.assert_allclose(found[:, [3, 2, 0]], usual, atol=1e-6)


def test_two_classes_will_do() -> None:
    faces = make_faces(6, labels=("anger", "fear"))
    epoch = fit(make(("anger", "fear")), faces, faces)
    assert epoch.train_accuracy == 1.0


def test_descriptors_stand_side_by_side_and_their_units_do_not_matter() -> None:
    faces = hard_faces()
    answers = [
        fit(make(descriptors=(Brightness(), Brightness(scale=scale))), faces, faces).probabilities
        for scale in (2.0, 2000.0)
    ]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-6)


def test_too_few_images_for_the_inner_folds_are_told() -> None:
    epoch = fit(make(inner_folds=5), make_faces(4), make_faces(2))
    assert epoch.details["inner_folds"] == 4
    assert "4 inner folds, not 5" in epoch.warnings[0]


def test_inner_folds_keep_movies_together_unless_told_otherwise() -> None:
    faces = [
        replace(face, sample=replace(face.sample, groups={"movie": str(place % 2)}))
        for place, face in enumerate(make_faces(6))
    ]
    assert fit(make(), faces, faces).details["inner_folds"] == 2
    assert fit(make(inner_by="none"), faces, faces).details["inner_folds"] == 3


def test_inner_folds_keep_movies_together_if_the_tested_faces_are_of_other_movies() -> None:
    faces = [
        replace(face, sample=replace(face.sample, groups={"movie": str(place % 3)}))
        for place, face in enumerate(make_faces(9))
    ]
    train, others = (
        [face for face in faces if (face.sample.groups["movie"] == "2") is of] for of in (False, True)
    )
    assert fit(make(inner_by="test"), train, others).details["inner_folds"] == 2
    assert fit(make(inner_by="test"), train, train).details["inner_folds"] == 3


@pytest.mark.parametrize(
    ("faces", "options", "message"),
    [
        (make_faces(6, labels=("anger",)), {}, "at least two classes, got only 'anger'"),
        ([], {}, "at least two classes, got no faces"),
        (
            make_faces(6),
            {"descriptors": (Brightness(), Nothing())},
            "descriptor 'nothing' gives the same 3 numbers",
        ),
        (make_faces(6), {"descriptors": (Brightness(spoil=np.nan),)}, r"neutral_0\.png: .* not finite"),
        (make_faces(1), {}, "'anger' has 1 training image"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(
    faces: list[Face], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        fit(make(**options), faces, make_faces(2))


def test_an_inner_fold_of_faces_that_are_all_alike_is_refused() -> None:
    one = make_faces(1)[0]
    faces = [
        Face(Sample(Path(f"{place}.png"), LABELS[place % 2]), one.image, None, None, str(place))
        for place in range(5)
    ]
    other = replace(make_faces(1)[2], sample=Sample(Path("6.png"), LABELS[1]))
    with pytest.raises(DataError, match="same for all 3 training faces of one inner fold"):
        fit(make(inner_folds=2), [*faces, other], faces)


def test_without_faces_there_is_no_answer_and_before_fit_a_refusal() -> None:
    estimator = make()
    with pytest.raises(RunError, match="has not been fitted"):
        estimator.predict(make_faces(1))
    epoch = fit(estimator, make_faces(4), [])
    assert epoch.probabilities.shape == (0, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"descriptors": ()}, "descriptors: expected at least one, got none"),
        ({"image_size": 15}, "image_size: .* got 15"),
        ({"descriptors": (PhogDescriptor(levels=5),)}, "levels: 5 needs images of at least 32 pixels"),
        ({"variance": 0.0}, "variance: .* got 0.0"),
        ({"variance": 1.1}, "variance: .* got 1.1"),
        ({"C": ()}, r"C: expected numbers above 0, got \[\]"),
        ({"gamma": (1.0, 0.0)}, r"gamma: .* got \[1.0, 0.0\]"),
        ({"inner_folds": 1}, "inner_folds: .* got 1"),
        ({"inner_by": ""}, 'inner_by: expected a kind of group.* got ""'),
    ],
)
def test_an_option_that_can_not_work_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_the_recipe_of_row_1_builds_what_the_paper_names() -> None:
    _, registry = load_recipe("quickstart", ['plugins=["ferkit_svm"]'])
    options = read_table("sfew_svm")["estimator"]
    estimator = build(registry, "estimator", Part(**options), labels=LABELS, seed=0)
    assert sum(len(one(np.eye(128))) for one in estimator.descriptors) == 5456 + 4096
    defaults = SvmEstimator(LABELS)
    assert [one.signature for one in estimator.descriptors] == [one.signature for one in defaults.descriptors]
    assert (estimator.grid, estimator.variance) == (defaults.grid, 0.98)


def test_a_descriptor_s_wrong_option_is_laid_at_the_recipe_s_door() -> None:
    _, registry = load_recipe("quickstart", ['plugins=["ferkit_svm"]'])
    part = Part(name="svm", descriptors=[{"name": "lpq", "window": 4}])
    with pytest.raises(ComponentError, match=r"descriptor 'lpq' of .* window: expected an odd number"):
        build(registry, "estimator", part, labels=LABELS, seed=0)
