"""Classify the images of a data set as `ferkit predict` does."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferkit.assess.labels import Labelled
from ferkit.assess.result import NO_FACE, Prediction
from ferkit.data.images import image_sha256
from ferkit.errors import DataError
from ferkit.interfaces import Detections
from ferkit.neural.checkpoint import HASH
from ferkit.predict import Predictor
from ferkit.predict.row import Row

Progress = Callable[[str, int, int], None]
"""Called with the name of the task, the number of finished images, and their total."""
Answer = tuple[NDArray[np.float64], Detections]
"""The probabilities of the labels that compete, and the first face."""
BATCHES = 4
"""Number of the predictor's batches that are read between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Classified:
    """The results of classification.

    Attributes:
        predictions: One for each readable image, in order.
        labels: The labels that competed, in the order of the probabilities.
        unreadable: Path and problem of each other image.
        is_recorded: True if the model records its training images.
        root: Common folder of the images.
        is_mean_of_folds: True if the probabilities are the mean of a run's folds.
        is_trained_further: True if the network was trained further in memory.
        faces: First face of each prediction; None without a face.
    """

    predictions: tuple[Prediction, ...]
    labels: Sequence[str]
    unreadable: tuple[tuple[str, str], ...] = ()
    is_recorded: bool = True
    root: Path = Path()
    is_mean_of_folds: bool = False
    is_trained_further: bool = False
    faces: tuple[Detections | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Classifier:
    """A predictor, restricted to some of its labels.

    Attributes:
        predictor: The predictor.
        labels: The labels that compete. Their probabilities are scaled to add up to 1.
        trained_on: First digits of the hashes of the training images; None if they are not recorded.
        unreadable: What to do about a broken file, as in `[faces]` of a recipe.
    """

    predictor: Predictor
    labels: Sequence[str]
    trained_on: Collection[str] | None = None
    unreadable: Literal["stop", "skip"] = "stop"

    def classify(self, images: Sequence[Labelled], progress: Progress) -> Classified:
        """Classify the first face of each image. Raises DataError for a broken file, unless it is skipped."""
        root = Path(os.path.commonpath([one.sample.path.absolute().parent for one in images]))
        predictions: list[Prediction] = []
        faces: list[Detections | None] = []
        unreadable: list[tuple[str, str]] = []
        step = BATCHES * self.predictor.batch_size
        for first in range(0, len(images), step):
            batch = images[first : first + step]
            for one, found in zip(batch, self._predict([one.sample.path for one in batch]), strict=True):
                name = one.sample.path.absolute().relative_to(root).as_posix()
                if isinstance(found, DataError):
                    unreadable.append((name, str(found).removeprefix(f"{one.sample.path}: ")))
                else:
                    predictions.append(self._judge(name, one, found[0] if found else None))
                    faces.append(found[1] if found else None)
            progress("images", first + len(batch), len(images))
        is_recorded = self.trained_on is not None
        return Classified(
            tuple(predictions), self.labels, tuple(unreadable), is_recorded, root, faces=tuple(faces)
        )

    def _predict(self, paths: Sequence[Path]) -> list[Answer | DataError | None]:
        """Return the answer for each image, or None without a face, or the error."""
        try:
            return list(self._answers(paths))
        except DataError as error:
            if self.unreadable == "stop":
                raise DataError(
                    f'{error}. To skip unreadable files: --set faces.unreadable="skip"'
                ) from error
        return [self._predict_one(path) for path in paths]

    def _predict_one(self, path: Path) -> Answer | DataError | None:
        try:
            return next(self._answers([path]))
        except DataError as error:
            return error

    def _answers(self, paths: Sequence[Path]) -> Iterator[Answer | None]:
        for rows in self.predictor.predict(list(paths)):
            yield (self._probabilities(rows[0]), _first_face(rows[0])) if rows else None

    def _probabilities(self, row: Row) -> NDArray[np.float64]:
        chosen = np.array([row.probabilities[label] for label in self.labels])
        total = chosen.sum()
        return chosen / total if total > 0 else np.full(len(chosen), 1 / len(chosen))

    def _judge(self, name: str, one: Labelled, found: NDArray[np.float64] | None) -> Prediction:
        known = self.trained_on or ()
        is_trained_on = bool(known) and image_sha256(one.sample.path)[:HASH] in known
        predicted = NO_FACE if found is None else self.labels[int(found.argmax())]
        probabilities = None if found is None else tuple(found.tolist())
        return Prediction(name, one.label, predicted, probabilities, one.sample.groups, is_trained_on)


def _first_face(row: Row) -> Detections:
    landmarks = row.landmarks or np.full((5, 2), np.nan)
    return Detections(
        np.array([row.box], np.float32),
        np.array([row.face_score], np.float32),
        np.array([landmarks], np.float32),
    )
