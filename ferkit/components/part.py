"""Base classes of the tables of a recipe: frozen and strict."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen table of the recipe. Unknown keys are errors, and values are not converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


class Part(BaseModel):
    """A component by name. Every other key of the table is an option of its constructor."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, defer_build=True)
    name: str

    @property
    def options(self) -> dict[str, Any]:
        """All keys except `name`."""
        return dict(self.model_extra or {})
