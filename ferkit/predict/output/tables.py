"""Write rows to a table, in a file or on the terminal."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

from ferkit.predict.media.sources import InputError
from ferkit.predict.output.readable import ReadableTable
from ferkit.predict.output.sink import check_place, put_in_place
from ferkit.predict.predicted import Predicted
from ferkit.predict.row import Row, columns
from ferkit.runtime.escape import csv_row


class Writing(Protocol):
    def __init__(self, file: IO[str], labels: Sequence[str]) -> None: ...

    def row(self, row: Row) -> None: ...


class CsvTable:
    """The columns of `ferkit.predict.row.columns`; an empty cell for a value that does not exist."""

    def __init__(self, file: IO[str], labels: Sequence[str]) -> None:
        self.labels = labels
        self.table = csv.writer(file, lineterminator="\n")
        self.table.writerow(csv_row(columns(labels)))

    def row(self, row: Row) -> None:
        self.table.writerow(text_cells(row.as_record(self.labels)))


class JsonLines:
    def __init__(self, file: IO[str], labels: Sequence[str]) -> None:
        self.file = file

    def row(self, row: Row) -> None:
        self.file.write(json.dumps(json_row(row), ensure_ascii=False) + "\n")


def json_row(row: Row) -> dict[str, Any]:
    """Return a row for JSON, with rounded numbers."""
    rounded: dict[str, Any] = _rounded(row.as_dict())
    return rounded


class TextSink:
    """A table of text in a file. Bytes of file names that are no UTF-8 are kept."""

    def __init__(self, path: Path, kind: type[Writing]) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self.kind = kind
        self.file: IO[str] | None = None
        check_place(path.parent, path)

    def begin(self, labels: Sequence[str]) -> None:
        self.file = self.part.open("w", newline="", encoding="utf-8", errors="surrogateescape")
        self.table = self.kind(self.file, labels)

    def write(self, predicted: Predicted) -> Sequence[InputError]:
        for row in predicted.rows:
            self.table.row(row)
        return ()

    def close(self, is_whole: bool) -> str | None:
        if self.file is None:
            return None
        self.file.close()
        return put_in_place(self.part, self.path, is_whole)


class Printed:
    """A table on standard output: CSV, JSON lines, or readable with the two most probable labels.

    `kind` has the columns of CSV.
    """

    def __init__(self, file: IO[str], form: str, kind: type[Writing] = CsvTable) -> None:
        self.file = file
        self.form = form
        self.kind = kind

    def begin(self, labels: Sequence[str]) -> None:
        kinds: dict[str, type[Writing]] = {"csv": self.kind, "jsonl": JsonLines, "table": ReadableTable}
        self.table = kinds[self.form](self.file, labels)

    def write(self, predicted: Predicted) -> Sequence[InputError]:
        for row in predicted.rows:
            self.table.row(row)
        self.file.flush()
        return ()

    def close(self, is_whole: bool) -> str | None:
        return None


def text_cells(values: Iterable[Any]) -> list[Any]:
    """Return the cells of a row for CSV, with rounded numbers."""
    return [_as_text(value) for value in csv_row(values)]


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return shorten_number(value) if isinstance(value, float) else value


def shorten_number(value: float) -> str:
    """Return six digits, but all before the point and three after it: times distinguish frames."""
    return f"{value:.6g}" if abs(value) < 1000 else f"{value:.3f}".rstrip("0").rstrip(".")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(shorten_number(value))
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value
