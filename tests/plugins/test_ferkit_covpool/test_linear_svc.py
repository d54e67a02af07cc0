"""The linear SVM on features of a fake network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from ferkit_covpool.linear_svc import LinearSvcEstimator
from numpy.typing import NDArray
from sklearn.svm import SVC

from ferkit.errors import RunError
from ferkit.interfaces import Epoch, Face
from tests.builders import LABELS, make_faces

FACES = make_faces(per_class=5, side=4)


@dataclass
class FakeNetwork:
    """Its features are the mean brightness, a constant, and next to nothing."""

    epochs: int = 2
    bad: str = ""
    fitted: list[Sequence[Face]] = field(default_factory=list)

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        self.fitted.append(train)
        for number in range(1, self.epochs + 1):
            probabilities = np.full((len(validation), len(LABELS)), 1 / len(LABELS))
            yield Epoch(number, 1.0 / number, 0.5, 1.0, probabilities, 1e-3, 0.1)

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        raise AssertionError("the machine predicts, not the network")

    def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        if self.bad == "constant":
            return np.full((len(faces), 3), 0.1)
        features = np.array([self._describe(face) for face in faces])
        if self.bad:
            features[1, 2] = float(self.bad)
        return features

    def _describe(self, face: Face) -> list[float]:
        mean = face.image.mean()
        return [mean / 100, 1.0, float(face.image.std()) / 1000]


def fit(
    network: Any = None, labels: Sequence[str] = LABELS, **options: Any
) -> tuple[LinearSvcEstimator, Epoch]:
    estimator = LinearSvcEstimator(labels, network or FakeNetwork(), **options)
    (epoch,) = estimator.fit(FACES, FACES[::2])
    return estimator, epoch


def indices(faces: Sequence[Face]) -> NDArray[np.int64]:
    return np.array([LABELS.index(face.sample.label) for face in faces])


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("c", [0.01, 1.0, 100.0])
def test_the_likeliest_class_is_the_one_that_the_machine_predicts(c: float, normalise: bool) -> None:
    estimator, epoch = fit(c=c, normalise=normalise)
    features = FakeNetwork().embed(FACES)
    if normalise:
        features /= np.linalg.norm(features, axis=1, keepdims=True)
    machine = SVC(kernel="linear", C=c, break_ties=True).fit(features, indices(FACES))
    probabilities = estimator.predict(FACES)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), machine.predict(features))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(epoch.probabilities, estimator.predict(FACES[::2]))
    assert epoch.train_accuracy == machine.score(features, indices(FACES))


def test_it_learns_what_the_features_tell() -> None:
    _, epoch = fit(c=100.0)
    assert epoch.number == 1
    assert (epoch.probabilities.argmax(axis=1) == indices(FACES[::2])).all()
    assert 0 < epoch.train_loss < np.log(3)
    assert 0 < epoch.validation_loss < np.log(3)


def test_labels_in_another_order_change_the_columns_and_nothing_else() -> None:
    turned = LABELS[::-1]
    one, _ = fit(c=100.0)
    other, _ = fit(c=100.0, labels=turned)
    a, b = one.predict(FACES).argmax(axis=1), other.predict(FACES).argmax(axis=1)
    assert [LABELS[index] for index in a] == [turned[index] for index in b]


def test_the_network_is_trained_to_its_last_epoch_first_and_its_end_is_told() -> None:
    network = FakeNetwork(epochs=3)
    _, epoch = fit(network)
    assert [len(faces) for faces in network.fitted] == [15]
    assert epoch.details == {
        "network_epochs": 3,
        "network_train_loss": pytest.approx(1 / 3),
        "network_train_accuracy": 0.5,
        "network_accuracy": pytest.approx(3 / 8),
    }
    assert epoch.learning_rate == 1e-3


def test_a_network_that_is_not_to_be_trained_is_not() -> None:
    network = FakeNetwork()
    _, epoch = fit(network, train_network=False)
    assert network.fitted == []
    assert epoch.details == {}
    assert epoch.learning_rate == 0


def test_normalised_features_have_lost_their_size() -> None:
    class Scaled(FakeNetwork):
        def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
            return super().embed(faces) * np.arange(1, len(faces) + 1)[:, None]

    plain, _ = fit()
    scaled, _ = fit(Scaled())
    np.testing.assert_allclose(scaled.predict(FACES), plain.predict(FACES), rtol=1e-6)


def test_a_class_without_a_face_to_train_on_has_no_probability() -> None:
    estimator, _ = fit(labels=(*LABELS, "surprise"))
    assert not estimator.predict(FACES)[:, 3].any()
    estimator = LinearSvcEstimator(LABELS, FakeNetwork())
    (epoch,) = estimator.fit(FACES[:10], FACES)
    np.testing.assert_allclose(epoch.probabilities.sum(axis=1), 1)
    assert not epoch.probabilities[:, 2].any()
    assert np.isfinite(epoch.validation_loss)


def test_two_classes_work_too() -> None:
    estimator = LinearSvcEstimator(LABELS[:2], FakeNetwork(), c=100.0)
    list(estimator.fit(FACES[:10], FACES[:10]))
    np.testing.assert_array_equal(estimator.predict(FACES[:10]).argmax(axis=1), indices(FACES[:10]))


def test_one_class_alone_is_refused_before_anything_is_trained() -> None:
    network = FakeNetwork()
    with pytest.raises(
        RunError, match=r"expected training faces of at least two classes, got 5 of anger. Add"
    ):
        next(LinearSvcEstimator(LABELS, network).fit(FACES[:5], FACES))
    assert network.fitted == []


def test_no_face_at_all_is_refused() -> None:
    with pytest.raises(RunError, match="got 0 of none"):
        next(LinearSvcEstimator(LABELS, FakeNetwork()).fit([], FACES))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("nan", r"expected finite features, got NaN or infinite ones for 1 of 15 .*anger_1.png.*Lower fit"),
        ("inf", r"expected finite features, got NaN or infinite ones for 1 of 15 .*anger_1.png.*Lower fit"),
        ("constant", r"expected features that differ, got the same 3 numbers for all 15 faces.*Lower fit"),
    ],
)
def test_features_that_nothing_can_be_made_of_are_refused(bad: str, message: str) -> None:
    with pytest.raises(RunError, match=message):
        fit(FakeNetwork(bad=bad))


def test_features_of_zeros_stay_zeros() -> None:
    class Dark(FakeNetwork):
        def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
            features = super().embed(faces)
            features[0] = 0
            return features

    _, epoch = fit(Dark())
    assert np.isfinite(epoch.probabilities).all()


def test_predicting_before_fitting_is_refused() -> None:
    with pytest.raises(RunError, match="not fitted yet"):
        LinearSvcEstimator(LABELS, FakeNetwork()).predict(FACES)


def test_features_that_differ_are_used_however_small_they_are() -> None:
    class Faint(FakeNetwork):
        def embed(self, faces: Sequence[Face]) -> NDArray[np.float64]:
            return super().embed(faces) * 1e-12

    _, epoch = fit(Faint(), c=1e26, normalise=False)
    assert (epoch.probabilities.argmax(axis=1) == indices(FACES[::2])).all()


@pytest.mark.parametrize("c", [0.0, -1.0, float("nan")])
def test_a_c_that_is_not_above_0_is_refused(c: float) -> None:
    with pytest.raises(ValueError, match=f"c: expected a number above 0, got {c}"):
        LinearSvcEstimator(LABELS, FakeNetwork(), c=c)
