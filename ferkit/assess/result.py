"""The result of `ferkit evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ferkit.evaluation.metrics.scores import ClassScores

NO_FACE = "no face"
"""Prediction of an image without a face."""
NoFace = Literal["wrong", "skip"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """A classified image.

    Attributes:
        path: Path from the root of the evaluation.
        label: True label, in the names of the model.
        predicted: The most probable label, or NO_FACE.
        probabilities: Probability of each label, 0..1, in order; None without a face.
        groups: Kind of group to name of group.
        is_trained_on: True if the model was trained on this file.
    """

    path: str
    label: str
    predicted: str
    probabilities: tuple[float, ...] | None
    groups: Mapping[str, str] = field(default_factory=dict)
    is_trained_on: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """A score with its 95% bootstrap intervals.

    Attributes:
        value: The score.
        intervals: Unit that the bootstrap draws ("person", "image") to (low, high). Empty for few units.
    """

    value: float
    intervals: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class ValueScores:
    """The scores of one value of a kind of group, such as the women of `gender`.

    Attributes:
        value: Name of the group.
        images: Number of images.
        units: Number of units that the bootstrap draws.
        scores: Metric to measure: accuracy, mean_recall (UAR), macro_f1.
        recall: Label to recall, 0..1, for labels with images.
    """

    value: str
    images: int
    units: int
    scores: Mapping[str, Measure]
    recall: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Gap:
    """The difference of a score between two values: `one` minus `other`.

    Attributes:
        one: The first value.
        other: The second value.
        metric: accuracy, mean_recall (UAR) or macro_f1.
        measure: The difference, -1..1, with its interval.
    """

    one: str
    other: str
    metric: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class GroupScores:
    """The scores by the values of one kind of group.

    Attributes:
        kind: Kind of group, such as "gender".
        unit: Unit that the bootstrap draws.
        values: Scores of each value.
        gaps: Differences between each two values with enough units.
    """

    kind: str
    unit: str
    values: tuple[ValueScores, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class ShiftLevel:
    """The scores at one level of a change.

    Attributes:
        level: Strength, in the unit of its `Shift`.
        scores: accuracy and mean_recall (UAR), 0..1.
        changes: The same metrics minus those of the unchanged images, with intervals. Empty below the
            strongest level.
        unaffected: Number of faces whose pixels the change does not alter.
    """

    level: float
    scores: Mapping[str, float]
    changes: Mapping[str, Measure]
    unaffected: int


@dataclass(frozen=True, slots=True)
class Shift:
    """The scores under one kind of change.

    Attributes:
        kind: Name of the change, such as "blur".
        unit: Meaning of a level.
        faces: Number of faces that the change was applied to.
        levels: From the weakest to the strongest.
    """

    kind: str
    unit: str
    faces: int
    levels: tuple[ShiftLevel, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The scores of a model on labelled images.

    Attributes:
        model: Description of the model. Of a model on the Hub, it has the commit.
        data: Name of the data.
        root: Common folder of the images.
        labels: Labels that the model may answer, in order.
        no_face: "wrong": images without a face count as wrong; "skip": they are left out.
        images: Number of scored images.
        faceless: Paths of the images without a face.
        unreadable: Path and problem of each unreadable image. They are left out.
        dropped: Label to number of images that a rename dropped.
        trained_on: Number of images that the model was trained on; None if the model does not record it.
        is_mean_of_folds: True if the model is the mean of a run's folds. `trained_on` then counts the images
            that trained any of them.
        scores: Metric to measure: accuracy, mean_recall (UAR), macro_f1, and of the images with a face nll,
            brier and ece.
        units: Unit that the bootstrap draws to their number.
        classes: Precision, recall and F1 of each label, and its number of images.
        confusion: True label to predicted label, or "no face", to number of images.
        by: Scores of each kind of group that was asked for.
        shift: Scores under each kind of change that was asked for.
        model_sha256: Hash of the model file; None for a run folder or a network in memory.
        warnings: Sentences for the reader of the results.
        predictions: One for each readable image.
    """

    model: str
    data: str
    root: Path
    labels: tuple[str, ...]
    no_face: NoFace
    images: int
    faceless: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]
    dropped: Mapping[str, int]
    trained_on: int | None
    scores: Mapping[str, Measure]
    units: Mapping[str, int]
    classes: tuple[ClassScores, ...]
    confusion: Mapping[str, Mapping[str, int]]
    by: tuple[GroupScores, ...] = ()
    shift: tuple[Shift, ...] = ()
    is_mean_of_folds: bool = False
    model_sha256: str | None = None
    warnings: tuple[str, ...] = ()
    predictions: tuple[Prediction, ...] = field(default=(), repr=False)

    def as_table(self) -> dict[str, Any]:
        """Return the content of evaluation.json: everything but the predictions."""
        table = asdict(replace(self, predictions=()))
        del table["predictions"]
        return {**table, "root": str(self.root)}
