"""Open the output that a file name asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from ferkit.errors import RunError
from ferkit.predict.output.py_feat import PyFeatTable
from ferkit.predict.output.sink import Sink
from ferkit.predict.output.tables import CsvTable, JsonLines, Printed, TextSink, Writing

TABLES = (".csv", ".jsonl", ".ndjson", ".parquet")
CSV_TABLES: Mapping[str, type[Writing]] = {"ferkit": CsvTable, "py-feat": PyFeatTable}
"""Columns of CSV, by the name of the program whose columns they are."""


def open_sinks(places: Sequence[Path], inputs: Sequence[str | Path], columns: str = "ferkit") -> list[Sink]:
    """Open several outputs, each once. `columns` is a key of `CSV_TABLES`. Raises RunError."""
    if columns != "ferkit" and places and not any(one.suffix.lower() == ".csv" for one in places):
        raise RunError(f"Cannot use --columns {columns}: no --out is a CSV file. Add --out FILE.csv.")
    return [open_sink(place, inputs, columns) for place in dict.fromkeys(places)]


def open_printed(file: IO[str], form: str, columns: str = "ferkit") -> Sink:
    """Print rows in the form "table", "csv" or "jsonl". Raises RunError if the form has other columns."""
    if columns != "ferkit" and form != "csv":
        raise RunError(f"Cannot print --columns {columns} as {form}. Add --format csv, or --out FILE.csv.")
    return Printed(file, form, CSV_TABLES[columns])


def open_sink(out: Path, inputs: Sequence[str | Path], columns: str = "ferkit") -> Sink:
    """Open a table, by its suffix, or a folder for annotated images. Raises RunError."""
    suffix = out.suffix.lower()
    if columns != "ferkit" and suffix in TABLES and suffix != ".csv":
        raise RunError(f"Cannot write --out {out} with --columns {columns}: expected a file .csv.")
    if suffix in (".jsonl", ".ndjson"):
        return TextSink(out, JsonLines)
    if suffix == ".csv":
        return TextSink(out, CSV_TABLES[columns])
    if suffix == ".parquet":
        from ferkit.predict.output.parquet import ParquetSink

        return ParquetSink(out)
    if suffix and not out.is_dir():
        raise RunError(
            f"Cannot write --out {out}: expected a table ({', '.join(TABLES)}), or a folder for annotated "
            "images, whose name has no suffix."
        )
    from ferkit.predict.output.annotated import AnnotatedFolder

    return AnnotatedFolder(out, inputs)
