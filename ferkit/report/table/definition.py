"""Rows of a paper's table, read from a TOML file."""

from __future__ import annotations

import tomllib

from pydantic import Field, ValidationError

from ferkit.components.part import Section
from ferkit.errors import DataError
from ferkit.runtime.shipped import find_shipped


class Row(Section):
    """A row of the paper's table.

    Attributes:
        place: Number of the row in the paper, from 1.
        row: Name of the system.
        accuracy: Accuracy in percent.
        data: Data set, if it differs from the other rows.
        recipes: Names of the recipes that reproduce the row.
    """

    place: int = Field(ge=1)
    row: str
    accuracy: float = Field(ge=0, le=100)
    data: str | None = None
    recipes: list[str] = Field(default_factory=list)


class Definition(Section):
    """A whole table.

    Attributes:
        name: Name of the table, for the label in LaTeX.
        title: Title above the table.
        source: Publication of the numbers.
        row: The rows, in any order.
    """

    name: str
    title: str
    source: str
    row: list[Row] = Field(min_length=1)


def read_definition(source: str) -> Definition:
    """Read a table from a TOML file, or by the name of a shipped table. Raises DataError."""
    path = find_shipped(source, "tables", "table")
    try:
        return Definition.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, ValidationError) as error:
        raise DataError(f"Cannot read {path} as a table: {error}") from error
