"""The result of a finished run: summary.json as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

Score = Mapping[str, Any]
"""Of one epoch selection, as `ferkit.evaluation.scores.evaluate` computes it."""


class Value(BaseModel):
    """A part of summary.json. Keys of a newer ferkit are kept; nothing changes later."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Parameters(Value):
    """Number of parameters of a network.

    Attributes:
        total: All of them.
        trained: Those that training changes.
    """

    total: int
    trained: int


class DataSummary(Value):
    """The data set of a run, counted.

    Attributes:
        name: The dataset component.
        manifest: Its file and the difference from it; None without a manifest.
        images: Number of images, skipped ones included. None where an older ferkit did not count.
        faces_found: Images in which a face was found.
        whole_images: Images used whole.
        skipped: Path and problem of each skipped image.
        per_class: Label -> number of images used.
        left_out: Reason -> number of images that the data set itself left out.
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
        """The difference of the images from the manifest's."""
        found: str | None = (self.manifest or {}).get("difference")
        return found


class Summary(Value):
    """The result of a finished run.

    Attributes:
        name: The recipe's.
        demo: Whether the data was replaced by drawn faces.
        labels: In the order of the predictions' columns.
        warnings: Sentences, in order.
        paper: The number that the recipe reproduces, as `Paper.as_printed` gives it.
        protocol: The recipe's [protocol].
        scores: Epoch selection -> its scores.
        weights: Name, file, sha256, training data and licence of each pretrained weights file.
        backbone_sha256: Of the backbone's tensors before training.
        seconds: Sum over all epochs.
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

    def as_table(self) -> dict[str, Any]:
        """The content of summary.json: the keys that were given, with JSON's types."""
        return self.model_dump(exclude_unset=True)
