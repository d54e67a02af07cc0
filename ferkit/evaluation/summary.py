"""The result of a finished run: summary.json as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

Score = Mapping[str, Any]
"""Scores of an epoch selection, from `ferkit.evaluation.scores.evaluate`."""

SCORE_KEYS = ("title", "accuracy", "deviation")
"""Keys of the scores in every version."""


class Value(BaseModel):
    """A frozen part of summary.json. Keys of newer versions of ferkit are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Parameters(Value):
    """Number of parameters of a network.

    Attributes:
        total: All parameters.
        trained: Parameters that training changes.
    """

    total: int
    trained: int


class DataSummary(Value):
    """The dataset of a run, with counts.

    Attributes:
        name: Name of the dataset component.
        manifest: File of the manifest and difference from it. None without a manifest.
        images: Number of images, including skipped ones. None in runs of older versions.
        faces_found: Number of images with a detected face.
        whole_images: Number of images that were used whole.
        skipped: Path and problem of each skipped image.
        per_class: Label to number of used images.
        left_out: Reason to number of images that the dataset excluded.
    """

    name: str = ""
    manifest: Mapping[str, Any] | None = None
    images: int | None = None
    faces_found: int | None = None
    whole_images: int | None = None
    skipped: tuple[Mapping[str, Any], ...] | None = None
    per_class: Mapping[str, int] = {}
    left_out: Mapping[str, int] = {}

    @property
    def difference(self) -> str | None:
        """Difference between the images and the manifest."""
        found: str | None = (self.manifest or {}).get("difference")
        return found


class RefitSummary(Value):
    """The training of the network on all images, after the folds.

    Attributes:
        epoch: Number of epochs, from 1.
        images: Number of training images.
        candidate: Number of the grid's candidate, from 0, or None.
        settings: Key to value of the grid.
        temperature: Divides the logits; None if none was fitted.
    """

    epoch: int
    images: int
    candidate: int | None = None
    settings: Mapping[str, Any] = {}
    temperature: float | None = None


class Summary(Value):
    """The result of a finished run.

    Attributes:
        name: Name of the recipe.
        description: Description of the recipe.
        demo: True if generated faces replaced the data.
        status: "complete".
        labels: The labels, in the order of the columns of the predictions.
        warnings: Sentences for the reader of the results.
        paper: The published score, from `Paper.as_printed`.
        data: The dataset.
        protocol: The section [protocol] of the recipe.
        scores: Epoch selection to its scores. Those that test images selected are last.
        parameters: Number of parameters of the network.
        weights: Name, file, sha256, training data and licence of each file of pretrained weights.
        backbone_sha256: Hash of the initial tensors of the backbone.
        seconds: Duration of all epochs.
        refit: Network on all images, which has no score of its own. None without one.
        search: Trials of a search by fold, and the importance of its keys.
    """

    name: str
    description: str = ""
    demo: bool
    status: str = "complete"
    labels: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    paper: Mapping[str, Any] | None
    data: DataSummary = DataSummary()
    protocol: Mapping[str, Any]
    scores: Mapping[str, Score]
    parameters: Parameters | None = None
    weights: tuple[Mapping[str, Any], ...] = ()
    backbone_sha256: str | None = None
    seconds: float = 0.0
    refit: RefitSummary | None = None
    search: Mapping[str, Any] | None = None

    @field_validator("scores")
    @classmethod
    def _honest_first(cls, scores: Mapping[str, Score]) -> Mapping[str, Score]:
        """Put scores that test images selected last, also in runs of earlier versions."""
        return dict(sorted(scores.items(), key=lambda item: bool(item[1].get("selected_on_test"))))

    def as_table(self) -> dict[str, Any]:
        """Return the content of summary.json: the keys that were set, with types of JSON."""
        return self.model_dump(exclude_unset=True)
