"""Checks of estimators."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ferkit.interfaces import Epoch, Face
from ferkit.testing.check import check, expect
from ferkit.testing.component_under_test import ComponentUnderTest
from ferkit.testing.drawing import LABELS, draw_faces

Probabilities = NDArray[np.float64]
TRAIN, VALIDATION = 4, 2
"""Faces of each label."""


@dataclass(frozen=True)
class Fitted:
    """An estimator that went through its epochs, and what these were."""

    estimator: Any
    epochs: Sequence[Epoch]
    validation: Sequence[Face]

    def predict(self) -> Probabilities:
        return np.asarray(self.estimator.predict(self.validation))


_fitted: WeakKeyDictionary[ComponentUnderTest, Fitted] = WeakKeyDictionary()


def _fit(subject: ComponentUnderTest, relabel: bool = False) -> Fitted:
    """relabel: whether the validation faces have each other's labels."""
    estimator = subject.build()
    validation = draw_faces(VALIDATION, start=TRAIN)
    if relabel:
        labels = [face.sample.label for face in validation]
        validation = [
            dataclasses.replace(face, sample=dataclasses.replace(face.sample, label=label))
            for face, label in zip(validation, labels[1:] + labels[:1], strict=True)
        ]
    epochs = list(estimator.fit(draw_faces(TRAIN), validation))
    return Fitted(estimator, epochs, validation)


def fitted(subject: ComponentUnderTest) -> Fitted:
    """One that checks share: it is fitted once."""
    if subject not in _fitted:
        _fitted[subject] = _fit(subject)
    return _fitted[subject]


def _expect_probabilities(found: Any, count: int, what: str) -> None:
    expected = f"{what}: {count} rows of {len(LABELS)} probabilities that add up to 1"
    came = np.asarray(found)
    mend = "Give a row for each face, a column for each label, divided by its sum."
    expect(came.shape == (count, len(LABELS)), expected, f"shape {came.shape}", mend)
    is_right = bool(np.isfinite(came).all() and (came >= 0).all())
    expect(is_right, expected, "numbers that are no probabilities", mend)
    worst = float(np.abs(came.sum(axis=1) - 1).max(initial=0))
    expect(worst < 1e-3, expected, f"rows that are off by {worst:.3g}", mend)


@check("estimator")
def is_cheap_to_check(subject: ComponentUnderTest) -> None:
    """Built with nothing to compute with, as `ferkit check` does."""
    built = subject.build(crop=None, state_file=None, network=None)
    mend = "Only keep what the constructor is given; read, crop and compute in fit."
    expect(built is not None, "an estimator", built, mend)


@check("estimator")
def yields_epochs(subject: ComponentUnderTest) -> None:
    """Epochs, numbered from 1."""
    epochs = fitted(subject).epochs
    is_right = bool(epochs) and all(isinstance(one, Epoch) for one in epochs)
    mend = "yield ferkit.plugin.Epoch(...) after each epoch; once where there are none."
    expect(is_right, "Epochs", f"{len(epochs)} of {sorted({type(one).__name__ for one in epochs})}", mend)
    numbers = [epoch.number for epoch in epochs]
    expected = list(range(1, len(epochs) + 1))
    expect(numbers == expected, f"epochs {expected}", numbers, "Number them from 1, without gaps.")


@check("estimator")
def tells_what_epochs_came_to(subject: ComponentUnderTest) -> None:
    """Finite losses, accuracies in 0..1, and probabilities of the validation faces."""
    for epoch in fitted(subject).epochs:
        mend = "Give means over the images; a validation_loss that needs labels may be NaN."
        expect(math.isfinite(epoch.train_loss), "a finite train_loss", epoch.train_loss, mend)
        is_right = not math.isinf(epoch.validation_loss)
        expect(is_right, "a finite validation_loss, or NaN", epoch.validation_loss, mend)
        mend = "Give shares, not percents."
        expect(0 <= epoch.train_accuracy <= 1, "train_accuracy in 0..1", epoch.train_accuracy, mend)
        expect(epoch.seconds >= 0, "seconds, 0 or more", epoch.seconds, "Take time.perf_counter().")
        _expect_probabilities(epoch.probabilities, VALIDATION * len(LABELS), f"epoch {epoch.number}")


@check("estimator")
def predicts_probabilities(subject: ComponentUnderTest) -> None:
    """A row for each face that adds up to 1."""
    _expect_probabilities(fitted(subject).predict(), VALIDATION * len(LABELS), "predict")


@check("estimator")
def predicts_no_face_and_one(subject: ComponentUnderTest) -> None:
    """(0, K) for no face, (1, K) for one."""
    for faces in ([], draw_faces(1)[:1]):
        _expect_probabilities(fitted(subject).estimator.predict(faces), len(faces), f"{len(faces)} faces")


@check("estimator")
def predicts_alike_each_time(subject: ComponentUnderTest) -> None:
    """The same twice."""
    is_right = np.allclose(fitted(subject).predict(), fitted(subject).predict(), atol=1e-6)
    mend = "Predict in eval mode, and change nothing in predict."
    expect(is_right, "the same probabilities each time", "others", mend)


@check("estimator")
def keeps_the_order_of_faces(subject: ComponentUnderTest) -> None:
    """A face's row, wherever it stands."""
    one = fitted(subject)
    backwards = np.asarray(one.estimator.predict(one.validation[::-1]))[::-1]
    mend = "Give the rows in the order of the faces, and see each face by itself."
    is_right = np.allclose(one.predict(), backwards, atol=1e-3)
    expect(is_right, "each face's own row", "another in another order", mend)


@check("estimator")
def keeps_the_order_of_labels(subject: ComponentUnderTest) -> None:
    """Columns in the order of `labels`."""
    order = ["sadness", "anger", "neutral", "happiness"]
    estimator, train = subject.build(labels=order), draw_faces(TRAIN)
    for _ in estimator.fit(train, draw_faces(VALIDATION, start=TRAIN)):
        pass
    places = np.asarray(estimator.predict(train)).argmax(axis=1)
    truth = np.array([face.sample.label for face in train])

    def accuracy(columns: Sequence[str]) -> float:
        return float((np.array(columns)[places] == truth).mean())

    best = max(permutations(order), key=accuracy)
    mend = "Make the column of a label labels.index(label); sort no labels of your own."
    is_right = accuracy(order) >= 0.5 or accuracy(best) < 0.8
    expect(is_right, f"columns {', '.join(order)}", f"columns that fit {', '.join(best)}", mend)


@check("estimator")
def learns_alike_from_one_seed(subject: ComponentUnderTest) -> None:
    """The same probabilities from the same seed and faces."""
    first, second = fitted(subject).predict(), _fit(subject).predict()
    mend = "Name `seed` in the constructor, and draw every random number from it."
    expect(np.allclose(first, second, atol=1e-4), "the same probabilities from one seed", "others", mend)


@check("estimator")
def chooses_nothing_by_validation_labels(subject: ComponentUnderTest) -> None:
    """The same probabilities whatever labels the validation faces have."""
    first, second = fitted(subject).predict(), _fit(subject, relabel=True).predict()
    mend = "Read the validation faces' labels for their loss alone: ferkit's protocol chooses."
    is_right = np.allclose(first, second, atol=1e-4)
    expect(is_right, "the same probabilities with other validation labels", "others", mend)


@check("estimator")
def tells_its_time(subject: ComponentUnderTest) -> str:
    """Measured, not judged."""
    seconds = sum(epoch.seconds for epoch in fitted(subject).epochs)
    return f"{seconds:.2f} s for {TRAIN * len(LABELS)} faces"
