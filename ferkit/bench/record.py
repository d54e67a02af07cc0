"""Record of a measurement: times by case, with machine, versions and settings."""

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
    """The times of one case.

    Attributes:
        case: Identifies it in the record: {"stage": "backbone", "batch": 8}.
        seconds: Time of each call, one per round.
        images: Images per call.
        peak_memory: Bytes.
        flops: Operations per call, 2 for each multiply-add.
        peak_share: Fraction of the machine's matrix multiplication peak, in 0..1.
    """

    case: Mapping[str, str | int]
    seconds: Sequence[float]
    images: int = 1
    peak_memory: int | None = None
    flops: int | None = None
    peak_share: float | None = None

    @property
    def median(self) -> float:
        """Median seconds per call."""
        return statistics.median(self.seconds)

    @property
    def per_second(self) -> float:
        """Images per second, by the median."""
        return self.images / self.median

    def percentile(self, percent: float) -> float:
        """Return a percentile of the seconds, linearly interpolated."""
        return float(np.percentile(self.seconds, percent))

    def as_json(self) -> dict[str, Any]:
        """Add the derived figures, for other readers of the file."""
        derived = {
            "median": self.median,
            "p95": self.percentile(95),
            "p99": self.percentile(99),
            "images_per_second": self.per_second,
        }
        return {**asdict(self), **derived}


@dataclass(frozen=True, slots=True)
class Record:
    """A whole measurement.

    Attributes:
        title: The command or script.
        machine: The machine's processor, cores and so on.
        versions: Software versions.
        setting: The measured parts and other conditions of the times.
        measurements: The timed cases.
        missing: (case, reason) of what could not be measured.
        warnings: Limits of the measurement.
        facts: Further results of a script, derived from the measurements.
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
        """Return the measurement of exactly that case."""
        return next((one for one in self.measurements if one.case == case), None)


def write_record(record: Record, path: Path) -> None:
    """Write a record as JSON. Raises DataError if that fails."""
    table = asdict(record)
    table["measurements"] = [one.as_json() for one in record.measurements]
    try:
        write_text(path, json.dumps({"ferkit_bench": FORMAT, **table}, indent=1) + "\n")
    except Exception as error:
        raise _unwritable(path, error.__cause__ or error) from error


def read_record(path: Path) -> Record:
    """Read a record that `write_record` wrote. Raises DataError for any other file."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"Cannot read {path}: expected a file from `ferkit bench --out`: {error}") from error
    if not isinstance(table, dict) or table.get("ferkit_bench") != FORMAT:
        found = table.get("ferkit_bench") if isinstance(table, dict) else None
        raise DataError(
            f'Cannot read {path}: expected a file from `ferkit bench --out` with "ferkit_bench": {FORMAT}, '
            f"found {found}. Measure again with this version."
        )
    try:
        record = TypeAdapter(Record).validate_python(table)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DataError(f"Cannot read {path}: {place}: {first['msg']}. Measure again.") from error
    for one in record.measurements:
        if not one.seconds or not all(math.isfinite(call) and call > 0 for call in one.seconds):
            times = f"the times of {dict(one.case)} are not all positive numbers"
            raise DataError(f"Cannot read {path}: {times}. Measure again.")
    return record


def check_writable(path: Path) -> None:
    """Raise DataError if `write_record` would fail."""
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: BaseException) -> DataError:
    return DataError(f"Cannot write {path}: {error}. Give another --out.")
