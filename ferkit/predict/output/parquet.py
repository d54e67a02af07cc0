"""Rows as Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from ferkit.errors import RunError
from ferkit.messages import decodable
from ferkit.predict.media.sources import InputError
from ferkit.predict.output.sink import check_place, put_in_place
from ferkit.predict.predicted import Predicted
from ferkit.predict.row import TEXTS, TRUTHS, WHOLE_NUMBERS, columns

GROUP = 5000
"""Rows per write."""


def import_parquet(out: Path, advice: str = " CSV and JSON lines need no package.") -> Any:
    """Import pyarrow with its module for Parquet. Raises RunError with the command that installs it."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise RunError(
            f'Cannot write --out {out}: Parquet needs pyarrow. Run: pip install "ferkit[parquet]".{advice}'
        ) from error
    return pyarrow


class ParquetSink:
    """A Parquet file with the columns of CSV. Bytes of file names that are no UTF-8 become escapes."""

    def __init__(self, path: Path) -> None:
        self.arrow = import_parquet(path)
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self.rows: list[list[Any]] = []
        self.file: IO[bytes] | None = None
        check_place(path.parent, path)

    def begin(self, labels: Sequence[str]) -> None:
        self.file = self.part.open("wb")
        self.labels = labels
        self.schema = self.arrow.schema([(name, self._type(name)) for name in columns(labels)])
        self.writer = self.arrow.parquet.ParquetWriter(self.file, self.schema)

    def _type(self, name: str) -> Any:
        if name in WHOLE_NUMBERS:
            return self.arrow.int64()
        if name in TEXTS:
            return self.arrow.string()
        return self.arrow.bool_() if name in TRUTHS else self.arrow.float64()

    def write(self, predicted: Predicted) -> Sequence[InputError]:
        for row in predicted.rows:
            _, *rest = row.as_record(self.labels)
            self.rows.append([decodable(row.file), *rest])
        if len(self.rows) >= GROUP:
            self._flush()
        return ()

    def _flush(self) -> None:
        arrays = [
            self.arrow.array(values, field.type)
            for values, field in zip(zip(*self.rows, strict=True), self.schema, strict=True)
        ]
        self.writer.write_table(self.arrow.table(arrays, schema=self.schema))
        self.rows.clear()

    def add_metadata(self, key: str, text: str) -> None:
        """Add a text to the metadata of the file."""
        self.writer.add_key_value_metadata({key: text})

    def close(self, is_whole: bool) -> str | None:
        if self.file is None:
            return None
        if self.rows:
            self._flush()
        self.writer.close()
        self.file.close()
        return put_in_place(self.part, self.path, is_whole)
