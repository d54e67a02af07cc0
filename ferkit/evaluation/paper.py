"""The recipe section [paper]: the number that a recipe reproduces."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from ferkit.components.part import Section
from ferkit.evaluation.protocol_options import ProtocolName


class Paper(Section):
    """What the recipe reproduces: one number in percent, as printed, under the metric's own name.

    row: of the paper's table, in its words; accuracy, mean_recall, macro_f1: one of them, the number;
    protocol: the one that it was measured under, in ferkit's words; folds: of how many folds, if that is
    known; data: what it was measured on, where that is not the recipe's own data (the verdict is then "not
    comparable"); source: where it is printed.
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
            raise ValueError(f"give one of {', '.join(PAPER_METRICS)}: the number that the paper reports")
        return self

    @property
    def metric(self) -> str:
        return next(name for name in PAPER_METRICS if getattr(self, name) is not None)

    @property
    def number(self) -> float:
        """In percent."""
        value: float = getattr(self, self.metric)
        return value

    def as_printed(self) -> dict[str, Any]:
        """For summary.json: the number and its metric side by side."""
        kept = ("row", "number", "metric", "protocol", "folds", "data", "source")
        return {name: getattr(self, name) for name in kept}


PAPER_METRICS = ("accuracy", "mean_recall", "macro_f1")
