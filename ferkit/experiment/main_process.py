"""The network in the main process of several. It sends each step to the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ferkit.evaluation.protocol import Fold
from ferkit.experiment.values import TrainingJob
from ferkit.interfaces import Epoch, Face
from ferkit.neural.estimator import NeuralEstimator
from ferkit.recipe.grid import Candidate
from ferkit.runtime.processes import share

CHUNK = 256
"""Number of faces in a message."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Build a network and begin its training. Faces are positions among all that were sent.

    Attributes:
        settings: The recipe, with the values of the grid.
        fold: The fold, which determines the seed.
        labels: The labels, in order.
        train: Training faces.
        validation: Validation faces.
    """

    settings: Candidate
    fold: Fold
    labels: Sequence[str]
    train: Sequence[int]
    validation: Sequence[int]


@dataclass(frozen=True, slots=True)
class NextEpoch:
    """Train until the end of the next epoch."""


@dataclass(frozen=True, slots=True)
class Predict:
    """Predict faces, as positions among all that were sent."""

    faces: Sequence[int]


@dataclass(frozen=True, slots=True)
class MoreFaces:
    """Faces that were not sent before."""

    faces: Sequence[Face]


Message = Begin | NextEpoch | Predict | MoreFaces | None
"""A step for the other processes. None ends them."""


@dataclass
class SentFaces:
    """The faces that the other processes have: each is sent once.

    Attributes:
        faces: The faces. They are kept, so that no other face gets the same id.
        positions: id of a face to its position.
    """

    faces: list[Face] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)

    def send(self, faces: Sequence[Face]) -> list[int]:
        """Send the faces that are new. Return the positions of all."""
        fresh = list({id(face): face for face in faces if id(face) not in self.positions}.values())
        for start in range(0, len(fresh), CHUNK):
            share(MoreFaces(fresh[start : start + CHUNK]))
        for face in fresh:
            self.positions[id(face)] = len(self.faces)
            self.faces.append(face)
        return [self.positions[id(face)] for face in faces]


_sent = SentFaces()


@dataclass
class MainEstimator(NeuralEstimator):
    """A network that several processes train. The others follow this one.

    Attributes:
        job: The training, from which the others build the network.
    """

    job: TrainingJob | None = None

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        """Train as in one process. The state is read and saved here only."""
        assert self.job
        places = _sent.send(train), _sent.send(validation)
        share(Begin(self.job.settings, self.job.fold, self.labels, *places))
        epochs = super().fit(train, validation)
        while True:
            share(NextEpoch())
            if (epoch := next(epochs, None)) is None:
                return
            yield epoch

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        """Return (faces, labels) probabilities."""
        share(Predict(_sent.send(faces)))
        return super().predict(faces)
