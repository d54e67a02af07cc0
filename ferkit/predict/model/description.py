"""The description of a model, the same in every kind of file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ferkit.components.part import Part
from ferkit.data.options import ALIGNMENT, FaceOptions
from ferkit.neural.header import FORMAT, read_model_header
from ferkit.neural.options import Model


@dataclass(frozen=True, slots=True)
class Description:
    """All that is needed to use a network on new images, and what is known of it.

    Attributes:
        labels: In the order of the columns of probabilities.
        model: The section of the recipe.
        detector: The one that it was trained with.
        faces: Margin and alignment of crops, as in the recipe's `[faces]`.
        temperature: Divides the logits; 1 if none was fitted.
        plugins: Modules that its components come from.
        source: The run and the fold.
        metrics: Scores in the summary of the run, over all its folds.
    """

    labels: tuple[str, ...]
    model: Model
    detector: Part
    faces: FaceOptions = field(default_factory=FaceOptions)
    temperature: float = 1.0
    plugins: tuple[str, ...] = ()
    source: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def as_table(self) -> dict[str, Any]:
        """Make the table for JSON that `Description.read` takes."""
        return {
            "format": FORMAT,
            "labels": list(self.labels),
            "temperature": self.temperature,
            "model": self.model.model_dump(mode="json", exclude={"initial", "initial_part"}),
            "detector": self.detector.model_dump(mode="json"),
            "faces": self.faces.model_dump(mode="json", include={"margin", *ALIGNMENT}, exclude_none=True),
            "plugins": list(self.plugins),
            "source": self.source,
            "metrics": dict(self.metrics),
        }

    @classmethod
    def read(cls, table: Mapping[str, Any], where: object) -> Description:
        """Check and read what `as_table` made. Raises RunError, with the file and the key."""
        known = read_model_header(table, where)
        return cls(
            labels=known.labels,
            model=known.model,
            detector=known.detector,
            faces=known.faces,
            temperature=known.temperature or 1.0,
            plugins=known.plugins,
            source=known.source,
            metrics=known.metrics.model_dump(exclude_unset=True),
        )
