"""The result of a finished run: summary.json as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

Score = Mapping[str, Any]
"""Scores of an epoch selection, from `ferkit.evaluation.scores.evaluate`, with the keys of `ScoreKeys`."""
Interval = tuple[float, float]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Fraction = Annotated[float, Field(strict=True, ge=0, le=1)]


class Value(BaseModel):
    """A frozen part of summary.json. Keys of newer versions of ferkit are kept."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)


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


class PaperKeys(Value):
    """Keys of the published score, from `Paper.as_printed`. Earlier versions have no number and no metric."""

    row: str
    number: float | None = None
    metric: Literal["accuracy", "mean_recall", "macro_f1"] | None = None
    protocol: str = "paper"
    folds: int | None = None
    data: str | None = None
    source: str = ""

    @model_validator(mode="after")
    def _one_score(self) -> Self:
        if (self.number is None) != (self.metric is None):
            raise ValueError("expected both number and metric, or none")
        return self


class ScoreKeys(Value):
    """Keys of the scores of an epoch selection. Those without a default are in every version.

    Attributes:
        title: Name of the epoch selection.
        accuracy: Mean over folds, then over repeats, 0..1. So are the other scores.
        deviation: Standard deviation over repeats; None for one repeat.
        selected_on_test: True if test images selected the epoch.
        intervals: Kind of group to metric to interval.
        clusters: Kind of group to number of groups.
    """

    title: str
    accuracy: Fraction
    deviation: Number | None
    selected_on_test: bool = False
    mean_recall: Fraction | None = None
    macro_f1: Fraction | None = None
    nll: Number | None = None
    brier: Number | None = None
    ece: Number | None = None
    intervals: Mapping[str, Mapping[str, Interval]] = {}
    clusters: Mapping[str, int] = {}

    @model_validator(mode="after")
    def _whole_intervals(self) -> Self:
        for kind, found in self.intervals.items():
            if "accuracy" not in found or kind not in self.clusters:
                raise ValueError(f"the interval by {kind} has no accuracy, or clusters has no {kind}")
        return self


_SCORES = TypeAdapter(dict[str, ScoreKeys])


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

    @field_validator("paper")
    @classmethod
    def _known_paper(cls, paper: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        if not paper:
            return paper
        known = PaperKeys.model_validate(paper)
        return {**known.model_dump(), **paper} if known.metric else paper

    @field_validator("scores")
    @classmethod
    def _known_scores(cls, scores: Mapping[str, Score]) -> Mapping[str, Score]:
        checked = _SCORES.validate_python(scores)
        return {
            name: {**score, "selected_on_test": checked[name].selected_on_test}
            for name, score in scores.items()
        }

    @field_validator("scores")
    @classmethod
    def _honest_first(cls, scores: Mapping[str, Score]) -> Mapping[str, Score]:
        """Put scores that test images selected last, also in runs of earlier versions."""
        return dict(sorted(scores.items(), key=lambda item: bool(item[1].get("selected_on_test"))))

    @model_validator(mode="after")
    def _compared_metric(self) -> Self:
        metric = (self.paper or {}).get("metric")
        for name, score in self.scores.items():
            if metric and any(metric not in found for found in score.get("intervals", {}).values()):
                raise ValueError(f"scores.{name}.intervals has no {metric}, which the paper reports")
        return self

    def as_table(self) -> dict[str, Any]:
        """Return the content of summary.json: the keys that were set, with types of JSON."""
        return self.model_dump(exclude_unset=True)
