"""Sort a table by a column."""

from __future__ import annotations

from collections.abc import Sequence

from ferkit.errors import DataError
from ferkit.messages import suggest
from ferkit.report.table.columns import Column, columns
from ferkit.report.table.entries import Table

SCORE = "score"
SHORT = {
    "name": ("system", "run"),
    "differences": ("differences from the recipe",),
    "paper": ("the paper",),
    "time": ("time per repeat",),
    "parameters": ("parameters (trained)",),
}
"""Short name -> headings."""


def sort_lines(table: Table, name: str) -> None:
    """Sort the lines by a column: scores from high to low, others from low to high.

    Lines without a value come last.

    Args:
        table: The table.
        name: Heading of a column, a short name, or "score" for the first score column.

    Raises:
        DataError: There is no such column.
    """
    column = _find(columns(table), name)
    values = [(line, column.value(line)) for line in table.lines]
    known = [(line, value) for line, value in values if value is not None]
    known.sort(key=lambda pair: _rank(pair[1]), reverse=column.is_score)
    table.lines = [line for line, _ in known] + [line for line, value in values if value is None]


def _rank(value: str | float) -> tuple[float, str]:
    return (0.0, value.casefold()) if isinstance(value, str) else (float(value), "")


def _find(found: Sequence[Column], name: str) -> Column:
    names: dict[str, Column] = {}
    for column in found:
        short = [key for key, headings in SHORT.items() if column.heading in headings]
        for key in (column.heading, *short, *([SCORE] if column.is_score else [])):
            names.setdefault(key, column)
    if (key := name.casefold().rstrip("†")) not in names:
        raise DataError(f"Cannot sort by {name!r}: there is no such column. {suggest(name, names)}")
    return names[key]
