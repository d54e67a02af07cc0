"""What a measuring leaves: calls' times by case, beside the machine and the settings that they depend on."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ferkit.errors import DataError
from ferkit.files import write_text

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
    notices: Sequence[str] = ()
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
        raise DataError(f"can't write {path}: {error.__cause__ or error}. Give another --json.") from error


def read_record(path: Path) -> Record:
    """What `write_record` wrote. Raises DataError, saying what is wrong with the file."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: expected a file that `ferkit bench --json` wrote: {error}") from error
    if not isinstance(table, dict) or table.get("ferkit_bench") != FORMAT:
        found = table.get("ferkit_bench") if isinstance(table, dict) else None
        raise DataError(
            f'{path}: expected a file that `ferkit bench --json` wrote, with "ferkit_bench": {FORMAT}, found '
            f"{found}. Measure again with this ferkit."
        )
    try:
        names = ("title", "machine", "versions", "setting", "notices", "facts")
        return Record(
            measurements=[_measurement(one) for one in table["measurements"]],
            missing=[(case, reason) for case, reason in table["missing"]],
            **{name: table[name] for name in names},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: it is no whole record ({error!r}). Measure again.") from error


def _measurement(table: Mapping[str, Any]) -> Measurement:
    seconds = [float(one) for one in table["seconds"]]
    if not seconds or not all(math.isfinite(one) and one > 0 for one in seconds):
        raise ValueError(f"the times of {table['case']} are not all positive numbers")
    kept = ("case", "images", "peak_memory", "flops", "peak_share")
    return Measurement(seconds=seconds, **{name: table[name] for name in kept})
