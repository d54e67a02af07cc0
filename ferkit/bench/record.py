"""What a measuring leaves: calls' times by case, beside the machine and the settings that they depend on."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from ferkit.errors import DataError
from ferkit.runtime.atomic_write import write_text

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Measurement:
    """One case, timed.

    case: what tells it from the record's other cases, e.g. {"stage": "backbone", "batch": 8}; seconds: of
    each call, one a round; images: that a call goes through; peak_memory: bytes; flops: of a call, 2 for a
    multiply-add; peak_share: of the machine's matrix multiplication peak, 0..1.
    """

    case: Mapping[str, str | int]
    seconds: Sequence[float]
    images: int = 1
    peak_memory: int | None = None
    flops: int | None = None
    peak_share: float | None = None

    @property
    def median(self) -> float:
        """Seconds of a call."""
        return statistics.median(self.seconds)

    @property
    def per_second(self) -> float:
        """Images, by the median."""
        return self.images / self.median

    def percentile(self, percent: float) -> float:
        """Seconds; between two calls' times, on the line that joins them."""
        return float(np.percentile(self.seconds, percent))

    def as_json(self) -> dict[str, Any]:
        """With what is worked out from the times, for whoever reads the file by other means."""
        worked_out = {
            "median": self.median,
            "p95": self.percentile(95),
            "p99": self.percentile(99),
            "images_per_second": self.per_second,
        }
        return {**asdict(self), **worked_out}


@dataclass(frozen=True, slots=True)
class Record:
    """A whole measuring.

    title: the command or script; machine, versions: what it ran on and with; setting: what was measured, and
    whatever else a number depends on; missing: (case, reason) of what could not be measured; facts: further
    figures of a script's own, each worked out from the measurements.
    """

    title: str
    machine: Mapping[str, Any]
    versions: Mapping[str, Any]
    setting: Mapping[str, Any]
    measurements: Sequence[Measurement]
    missing: Sequence[tuple[Mapping[str, str | int], str]] = ()
    warnings: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def find(self, **case: str | int) -> Measurement | None:
        """The measurement of exactly that case."""
        return next((one for one in self.measurements if one.case == case), None)


def write_record(record: Record, path: Path) -> None:
    """As JSON. Raises DataError where the file can't be written."""
    table = asdict(record)
    table["measurements"] = [one.as_json() for one in record.measurements]
    try:
        write_text(path, json.dumps({"ferkit_bench": FORMAT, **table}, indent=1) + "\n")
    except Exception as error:
        raise _unwritable(path, error.__cause__ or error) from error


def read_record(path: Path) -> Record:
    """What `write_record` wrote. Raises DataError, saying what is wrong with the file."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: expected a file that `ferkit bench --out` wrote: {error}") from error
    if not isinstance(table, dict) or table.get("ferkit_bench") != FORMAT:
        found = table.get("ferkit_bench") if isinstance(table, dict) else None
        raise DataError(
            f'{path}: expected a file that `ferkit bench --out` wrote, with "ferkit_bench": {FORMAT}, found '
            f"{found}. Measure again with this ferkit."
        )
    try:
        record = TypeAdapter(Record).validate_python(table)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{path}: it is no whole record ({place}: {first['msg']}). Measure again.") from error
    for one in record.measurements:
        if not one.seconds or not all(math.isfinite(call) and call > 0 for call in one.seconds):
            times = f"the times of {dict(one.case)} are not all positive numbers"
            raise DataError(f"{path}: it is no whole record ({times}). Measure again.")
    return record


def check_writable(path: Path) -> None:
    """Whether `write_record` will be able to. Raises DataError."""
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: BaseException) -> DataError:
    return DataError(f"can't write {path}: {error}. Give another --out.")
