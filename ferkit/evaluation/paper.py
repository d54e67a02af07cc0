"""The recipe section [paper]: the published score that a recipe reproduces."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from ferkit.components.part import Section
from ferkit.evaluation.protocol_options import ProtocolName


class Paper(Section):
    """The published score that the recipe reproduces. Set exactly one metric, in percent as printed.

    Attributes:
        row: Row of the paper's table, in its words.
        accuracy: Accuracy in percent.
        mean_recall: UAR (balanced accuracy) in percent.
        macro_f1: Macro F1 in percent.
        protocol: Protocol of the paper, by ferkit's name.
        folds: Number of folds, if known.
        data: Data of the paper, if it differs from the recipe's. The verdict is then "not comparable".
        source: Page or table of the paper.
    """

    row: str
    accuracy: float | None = Field(default=None, ge=0, le=100)
    mean_recall: float | None = Field(default=None, ge=0, le=100)
    macro_f1: float | None = Field(default=None, ge=0, le=100)
    protocol: ProtocolName = "paper"
    folds: int | None = Field(default=None, ge=2)
    data: str | None = None
    source: str = ""

    @model_validator(mode="after")
    def _one_number(self) -> Paper:
        if sum(getattr(self, name) is not None for name in PAPER_METRICS) != 1:
            raise ValueError(f"set one of {', '.join(PAPER_METRICS)}: the score that the paper reports")
        return self

    @property
    def metric(self) -> str:
        """Name of the metric that is set."""
        return next(name for name in PAPER_METRICS if getattr(self, name) is not None)

    @property
    def number(self) -> float:
        """Score in percent."""
        value: float = getattr(self, self.metric)
        return value

    def as_printed(self) -> dict[str, Any]:
        """Return the fields for summary.json, with `metric` and `number`."""
        kept = ("row", "number", "metric", "protocol", "folds", "data", "source")
        return {name: getattr(self, name) for name in kept}


PAPER_METRICS = ("accuracy", "mean_recall", "macro_f1")
