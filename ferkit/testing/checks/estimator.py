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
"""Number of faces of each label."""


@dataclass(frozen=True)
class Fitted:
    """A fitted estimator with its epochs and validation faces."""

    estimator: Any
    epochs: Sequence[Epoch]
    validation: Sequence[Face]

    def predict(self) -> Probabilities:
        return np.asarray(self.estimator.predict(self.validation))


_fitted: WeakKeyDictionary[ComponentUnderTest, Fitted] = WeakKeyDictionary()


def _fit(subject: ComponentUnderTest, relabel: bool = False) -> Fitted:
    """Fit a new estimator.

    Args:
        subject: The estimator under test.
        relabel: Permute the labels of the validation faces.
    """
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
    """Return a fitted estimator that all checks share."""
    if subject not in _fitted:
        _fitted[subject] = _fit(subject)
    return _fitted[subject]


def _expect_probabilities(found: Any, count: int, what: str) -> None:
    expected = f"{what}: {count} rows of {len(LABELS)} probabilities that sum to 1"
    got = np.asarray(found)
    fix = "Return a row for each face and a column for each label, and divide each row by its sum."
    expect(got.shape == (count, len(LABELS)), expected, f"shape {got.shape}", fix)
    is_right = bool(np.isfinite(got).all() and (got >= 0).all())
    expect(is_right, expected, "numbers that are not probabilities", fix)
    worst = float(np.abs(got.sum(axis=1) - 1).max(initial=0))
    expect(worst < 1e-3, expected, f"sums that differ from 1 by up to {worst:.3g}", fix)


@check("estimator")
def is_cheap_to_check(subject: ComponentUnderTest) -> None:
    """It can be built without data and network, as `ferkit check` does."""
    built = subject.build(crop=None, state_file=None, network=None)
    fix = "Only store the arguments in the constructor. Read, crop and compute in fit."
    expect(built is not None, "an estimator", built, fix)


@check("estimator")
def yields_epochs(subject: ComponentUnderTest) -> None:
    """`fit` yields epochs, numbered from 1."""
    epochs = fitted(subject).epochs
    is_right = bool(epochs) and all(isinstance(one, Epoch) for one in epochs)
    fix = "yield ferkit.plugin.Epoch(...) after each epoch, or once if there are no epochs."
    expect(is_right, "Epochs", f"{len(epochs)} of {sorted({type(one).__name__ for one in epochs})}", fix)
    numbers = [epoch.number for epoch in epochs]
    expected = list(range(1, len(epochs) + 1))
    expect(numbers == expected, f"epochs {expected}", numbers, "Number them from 1, without gaps.")


@check("estimator")
def tells_what_epochs_came_to(subject: ComponentUnderTest) -> None:
    """Losses are finite, accuracies are from 0 to 1, and each validation face has probabilities."""
    for epoch in fitted(subject).epochs:
        fix = "Return means over the images. Without labels, validation_loss may be NaN."
        expect(math.isfinite(epoch.train_loss), "a finite train_loss", epoch.train_loss, fix)
        is_right = not math.isinf(epoch.validation_loss)
        expect(is_right, "a finite validation_loss, or NaN", epoch.validation_loss, fix)
        fix = "Return fractions, not percents."
        expect(0 <= epoch.train_accuracy <= 1, "train_accuracy from 0 to 1", epoch.train_accuracy, fix)
        expect(epoch.seconds >= 0, "seconds, 0 or more", epoch.seconds, "Use time.perf_counter().")
        _expect_probabilities(epoch.probabilities, VALIDATION * len(LABELS), f"epoch {epoch.number}")


@check("estimator")
def predicts_probabilities(subject: ComponentUnderTest) -> None:
    """`predict` returns a row for each face that sums to 1."""
    _expect_probabilities(fitted(subject).predict(), VALIDATION * len(LABELS), "predict")


@check("estimator")
def predicts_no_face_and_one(subject: ComponentUnderTest) -> None:
    """`predict` returns (0, K) for no face and (1, K) for one."""
    for faces in ([], draw_faces(1)[:1]):
        _expect_probabilities(fitted(subject).estimator.predict(faces), len(faces), f"{len(faces)} faces")


@check("estimator")
def predicts_alike_each_time(subject: ComponentUnderTest) -> None:
    """`predict` returns the same twice."""
    is_right = np.allclose(fitted(subject).predict(), fitted(subject).predict(), atol=1e-6)
    fix = "Predict in eval mode, and keep no state in predict."
    expect(is_right, "the same probabilities each time", "different ones", fix)


@check("estimator")
def keeps_the_order_of_faces(subject: ComponentUnderTest) -> None:
    """The row of a face does not depend on the other faces or their order."""
    one = fitted(subject)
    backwards = np.asarray(one.estimator.predict(one.validation[::-1]))[::-1]
    fix = "Return the rows in the order of the faces, and compute each row from its face alone."
    is_right = np.allclose(one.predict(), backwards, atol=1e-3)
    expect(is_right, "the same row for a face in any order", "different rows", fix)


@check("estimator")
def keeps_the_order_of_labels(subject: ComponentUnderTest) -> None:
    """Columns are in the order of `labels`."""
    order = ["sadness", "anger", "neutral", "happiness"]
    estimator, train = subject.build(labels=order), draw_faces(TRAIN)
    for _ in estimator.fit(train, draw_faces(VALIDATION, start=TRAIN)):
        pass
    places = np.asarray(estimator.predict(train)).argmax(axis=1)
    truth = np.array([face.sample.label for face in train])

    def accuracy(columns: Sequence[str]) -> float:
        return float((np.array(columns)[places] == truth).mean())

    best = max(permutations(order), key=accuracy)
    fix = "Use labels.index(label) as the column of a label, and do not sort the labels."
    is_right = accuracy(order) >= 0.5 or accuracy(best) < 0.8
    expect(is_right, f"columns {', '.join(order)}", f"columns that match {', '.join(best)}", fix)


@check("estimator")
def learns_alike_from_one_seed(subject: ComponentUnderTest) -> None:
    """The same seed and faces give the same probabilities."""
    first, second = fitted(subject).predict(), _fit(subject).predict()
    fix = "Add `seed` to the constructor, and use it for all random numbers."
    is_right = np.allclose(first, second, atol=1e-4)
    expect(is_right, "the same probabilities from one seed", "different ones", fix)


@check("estimator")
def chooses_nothing_by_validation_labels(subject: ComponentUnderTest) -> None:
    """The probabilities do not depend on the labels of the validation faces."""
    first, second = fitted(subject).predict(), _fit(subject, relabel=True).predict()
    fix = "Use the validation labels only for the loss. The protocol of ferkit selects the epoch."
    is_right = np.allclose(first, second, atol=1e-4)
    expect(is_right, "the same probabilities with other validation labels", "different ones", fix)


@check("estimator")
def tells_its_time(subject: ComponentUnderTest) -> str:
    """Duration, without a limit."""
    seconds = sum(epoch.seconds for epoch in fitted(subject).epochs)
    return f"{seconds:.2f} s for {TRAIN * len(LABELS)} faces"
