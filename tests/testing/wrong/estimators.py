"""Wrong estimators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from ferkit.plugin import Epoch, Face, FeatureEstimator
from tests.testing.wrong.case import fails
from tests.testing.wrong.right import RightEstimator

Array = NDArray[np.float64]
turn = count()


@fails("estimator", "is_cheap_to_check")
class SeesAtOnce(RightEstimator):
    def __init__(
        self, labels: Sequence[str], seed: int, network: FeatureEstimator, sharpness: float = 1.0
    ) -> None:
        super().__init__(labels, seed, network, sharpness)
        network.embed([])


@fails("estimator", "yields_epochs")
class CountsFrom0(RightEstimator):
    def epoch(self, number: int, probabilities: Array) -> Epoch:
        return super().epoch(number - 1, probabilities)


@fails("estimator", "tells_what_epochs_came_to")
class TellsPercents(RightEstimator):
    def epoch(self, number: int, probabilities: Array) -> Epoch:
        return replace(super().epoch(number, probabilities), train_accuracy=90.0)


@fails("estimator", "predicts_probabilities", "predicts_no_face_and_one", "tells_what_epochs_came_to")
class GivesScores(RightEstimator):
    def predict(self, faces: Sequence[Face]) -> Array:
        return 3 * super().predict(faces)


@fails("estimator", "predicts_no_face_and_one")
class SqueezesOneFace(RightEstimator):
    def predict(self, faces: Sequence[Face]) -> Array:
        return super().predict(faces).squeeze()


@fails(
    "estimator",
    "predicts_alike_each_time",
    "learns_alike_from_one_seed",
    "chooses_nothing_by_validation_labels",
)
class GetsSharper(RightEstimator):
    def predict(self, faces: Sequence[Face]) -> Array:
        self.sharpness *= 1.5
        return super().predict(faces)


@fails("estimator", "keeps_the_order_of_faces")
class SeesTheOthers(RightEstimator):
    def predict(self, faces: Sequence[Face]) -> Array:
        rows = super().predict(faces)
        return np.cumsum(rows, axis=0) / np.arange(1, len(rows) + 1)[:, None]


@fails("estimator", "keeps_the_order_of_labels")
class SortsTheLabels(RightEstimator):
    def __init__(
        self, labels: Sequence[str], seed: int, network: FeatureEstimator, sharpness: float = 1.0
    ) -> None:
        super().__init__(sorted(labels), seed, network, sharpness)


@fails("estimator", "learns_alike_from_one_seed", "chooses_nothing_by_validation_labels")
class DrawsLots(RightEstimator):
    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        yield from super().fit(train, validation)
        self.means = self.means + np.random.default_rng().normal(size=self.means.shape)


@fails("estimator", "chooses_nothing_by_validation_labels")
class LearnsTheValidationLabels(RightEstimator):
    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        yield from super().fit([*train, *validation], validation)
