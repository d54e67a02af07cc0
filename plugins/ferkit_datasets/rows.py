"""Tables and lists in files, read so that whatever is wrong is told with its file and line."""

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
    """A line of a table. place: "FILE, line N"; number: from 0, of the rows; cells: by column."""

    place: str
    number: int
    cells: dict[str, str]


class Faults:
    """Faults of many lines, of which the first few are told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, place: str, problem: object) -> None:
        self.lines.append(f"{place}: {problem}")

    def check(self) -> None:
        """Raises DataError if there is any."""
        if not self.lines:
            return
        more = len(self.lines) - SHOWN
        rest = [f"and {more} more lines like these"] if more > 0 else []
        raise DataError("\n".join([*self.lines[:SHOWN], *rest]))


def read_rows(
    file: Path, needed: Sequence[str], columns: Sequence[str] | None = None, separator: str | None = None
) -> Iterator[Row]:
    """The rows of a table; spaces around names and cells do not count, and empty lines are passed over.

    needed: columns that must be there; columns: their names, for a table that does not begin with them.
    Raises DataError where the table can't be read, lacks a column, or a row has not as many cells.
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
        raise DataError(f"{file} can't be read as a table: {error}") from error


def read_list(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The lines of a list without names, whose cells have white space between them. Raises DataError."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} can't be read as a list: {error}") from error
    for number, line in enumerate(lines):
        cells, place = line.split(), f"{file}, line {number + 1}"
        if cells:
            yield Row(place, number, _name_cells(place, columns, cells))


def _name_cells(place: str, names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(names):
        raise DataError(f"{place}: expected {len(names)} cells ({', '.join(names)}), found {len(cells)}")
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
        raise DataError(f"{file} can't be read as a table: {error}") from error


def check_columns(file: Path, names: Sequence[str], needed: Iterable[str]) -> None:
    if lacking := [name for name in needed if name not in names]:
        raise DataError(f"{file} has no column {', '.join(lacking)}; its columns are {', '.join(names)}")
