"""Open the output that a file name asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferkit.errors import RunError
from ferkit.predict.output.sink import Sink
from ferkit.predict.output.tables import CsvTable, JsonLines, TextSink

TABLES = (".csv", ".jsonl", ".ndjson", ".parquet")


def open_sinks(places: Sequence[Path], inputs: Sequence[str | Path]) -> list[Sink]:
    """Open several outputs, each once. Raises RunError."""
    return [open_sink(place, inputs) for place in dict.fromkeys(places)]


def open_sink(out: Path, inputs: Sequence[str | Path]) -> Sink:
    """Open a table, by its suffix, or a folder for annotated images. Raises RunError."""
    suffix = out.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        return TextSink(out, JsonLines)
    if suffix == ".csv":
        return TextSink(out, CsvTable)
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
