"""The rows of a paper's table, as a TOML file lists them."""

from __future__ import annotations

import tomllib

from pydantic import Field, ValidationError

from ferkit.components.part import Section
from ferkit.errors import DataError
from ferkit.runtime.shipped import find_shipped


class Row(Section):
    """place: its number in the paper; accuracy: in percent; data: what it was measured on, where that is not
    the other rows' data; recipes: the names of those that reproduce it."""

    place: int = Field(ge=1)
    row: str
    accuracy: float = Field(ge=0, le=100)
    data: str | None = None
    recipes: list[str] = Field(default_factory=list)


class Definition(Section):
    """A whole table."""

    name: str
    title: str
    source: str
    row: list[Row] = Field(min_length=1)


def read_definition(source: str) -> Definition:
    """source: a TOML file, or the name of a table that ferkit ships. Raises DataError."""
    path = find_shipped(source, "tables", "table")
    try:
        return Definition.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, ValidationError) as error:
        raise DataError(f"{path} is no list of a table's rows: {error}") from error
