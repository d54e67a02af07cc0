"""Tables and lists in files, read with the file and line of every problem."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ferkit.plugin import DataError, find_encoding, find_separator

SHOWN = 5

log = logging.getLogger("ferkit")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table.

    Attributes:
        place: "FILE, line N".
        number: Number of the row, from 0.
        cells: Column -> cell.
    """

    place: str
    number: int
    cells: dict[str, str]


class Problems:
    """Problems of many lines. The message has the first five."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, place: str, problem: object) -> None:
        self.lines.append(f"{place}: {problem}")

    def check(self) -> None:
        """Raise DataError if there are problems."""
        if not self.lines:
            return
        more = len(self.lines) - SHOWN
        rest = [f"and {more} more lines like these"] if more > 0 else []
        raise DataError("\n".join([*self.lines[:SHOWN], *rest]))


def read_rows(
    file: Path, needed: Sequence[str], columns: Sequence[str] | None = None, separator: str | None = None
) -> Iterator[Row]:
    """Yield the rows of a table, without spaces around names and cells, and without empty lines.

    Args:
        file: The table.
        needed: Columns that must be there.
        columns: Names of the columns, for a table without a header.
        separator: One character between cells.

    Raises:
        DataError: The table cannot be read, lacks a column, or a row has a wrong number of cells.
    """
    try:
        with _open(file) as opened:
            separator = separator or find_separator(_first_line(opened), () if columns else needed)
            if not opened.encoding.startswith("utf"):
                told = "%s is not UTF-8 and is read as %s. If names look wrong, save it as UTF-8"
                log.warning(told, file, opened.encoding)
            reader = csv.reader(opened, delimiter=separator, skipinitialspace=True)
            names = [name.strip() for name in (columns or next(reader, []))]
            check_columns(file, names, needed)
            for number, cells in enumerate(cells for cells in reader if any(map(str.strip, cells))):
                place = f"{file}, line {reader.line_num}"
                yield Row(place, number, _name_cells(place, names, cells))
    except (OSError, UnicodeError, csv.Error) as error:
        raise DataError(f"Cannot read the table {file}: {error}") from error


def read_list(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the lines of a list without a header, with white space between cells. Raises DataError."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Cannot read the list {file}: {error}") from error
    for number, line in enumerate(lines):
        cells, place = line.split(), f"{file}, line {number + 1}"
        if cells:
            yield Row(place, number, _name_cells(place, columns, cells))


def _name_cells(place: str, names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(names):
        raise DataError(f"{place}: expected {len(names)} cells ({', '.join(names)}), got {len(cells)}")
    return dict(zip(names, map(str.strip, cells), strict=True))


def _open(file: Path) -> TextIO:
    """Open a table in its encoding."""
    return file.open(newline="", encoding=find_encoding(file))


def _first_line(opened: TextIO) -> str:
    line = opened.readline().rstrip("\r\n")
    opened.seek(0)
    return line


def read_header(file: Path, separator: str | None = None, needed: Sequence[str] = ()) -> list[str]:
    """Return the names of a table's columns. Raises DataError if it can't be read."""
    try:
        with _open(file) as opened:
            separator = separator or find_separator(_first_line(opened), needed)
            return [name.strip() for name in next(csv.reader(opened, delimiter=separator), [])]
    except (OSError, UnicodeError, csv.Error) as error:
        raise DataError(f"Cannot read the table {file}: {error}") from error


def check_columns(file: Path, names: Sequence[str], needed: Iterable[str]) -> None:
    if lacking := [name for name in needed if name not in names]:
        raise DataError(f"{file} has no column {', '.join(lacking)}; its columns are {', '.join(names)}")
