"""What a model says of itself, whatever kind of file it lies in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from ferkit.components.part import Part, Section
from ferkit.data.options import FaceOptions
from ferkit.errors import RunError
from ferkit.neural.options import Model

FORMAT = 1
"""Raised where a reader of the former format would misread a file."""


@dataclass(frozen=True, slots=True)
class Description:
    """All that is needed to use a network on new images, and what is known of it.

    labels: in the order of the probabilities' columns; temperature: what its logits are divided by, 1 where
    none was fitted; model: the recipe's part; margin: around a face's box, as in the recipe's `[faces]`;
    detector: the one that it was trained with; plugins: modules that its parts come from; source: the run and
    the fold; metrics: what the run's summary says, of all its folds.
    """

    labels: tuple[str, ...]
    model: Model
    detector: Part
    margin: float = 0.0
    temperature: float = 1.0
    plugins: tuple[str, ...] = ()
    source: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def as_table(self) -> dict[str, Any]:
        """For JSON; `Description.read` takes it back."""
        return {
            "format": FORMAT,
            "labels": list(self.labels),
            "temperature": self.temperature,
            "model": self.model.model_dump(mode="json", exclude={"initial", "initial_part"}),
            "detector": self.detector.model_dump(mode="json"),
            "faces": {"margin": self.margin},
            "plugins": list(self.plugins),
            "source": self.source,
            "metrics": dict(self.metrics),
        }

    @classmethod
    def read(cls, table: Mapping[str, Any], where: object) -> Description:
        """Raises RunError, naming the file, where the table is none that `as_table` made."""
        if (found := table.get("format", FORMAT)) != FORMAT:
            raise RunError(
                f"{where} is a model file of format {found}, this ferkit reads format {FORMAT}: update ferkit"
            )
        try:
            known = _Table.model_validate_json(json.dumps(table))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise RunError(
                f"{where} describes no whole model: {key}: {first['msg']}. Export it again: ferkit export"
            ) from error
        return cls(
            labels=known.labels,
            model=known.model,
            detector=known.detector,
            margin=known.faces.margin,
            temperature=known.temperature or 1.0,
            plugins=known.plugins,
            source=known.source,
            metrics=known.metrics,
        )


class _Table(Section):
    """Keys that a later ferkit adds are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    format: Literal[1]
    labels: tuple[str, ...] = Field(min_length=1)
    temperature: float | None = Field(default=None, gt=0)
    model: Model
    detector: Part
    faces: FaceOptions = FaceOptions()
    plugins: tuple[str, ...] = ()
    source: str = ""
    metrics: dict[str, Any] = Field(default_factory=dict)
