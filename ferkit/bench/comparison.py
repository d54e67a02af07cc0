"""Comparison of a record with an older one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ferkit.bench.measuring import REFERENCE
from ferkit.bench.ratio import SpeedUp, compare_runs
from ferkit.bench.record import Measurement, Record
from ferkit.errors import DataError

DRIFT = 0.05
"""Relative change of the machine's own speed that is worth a note."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A case of both records."""

    old: Measurement
    new: Measurement
    speed_up: SpeedUp


@dataclass(frozen=True, slots=True)
class Comparison:
    """The cases of both records, and a note for each other difference."""

    rows: list[Compared]
    notes: list[str]


def compare_records(old: Record, new: Record, is_forced: bool = False) -> Comparison:
    """Compare two records case by case.

    Raises:
        DataError: They have no case in common. Or, unless forced, machine, settings or components differ.
    """
    differing = [*_differences(old.machine, new.machine), *_differences(old.setting, new.setting)]
    if differing and not is_forced:
        raise DataError(
            "Cannot compare the records: they were measured differently.\n  "
            + "\n  ".join(differing)
            + "\nMeasure both in the same way, or compare them anyway: --force"
        )
    pairs = [(before, after) for after in new.measurements if (before := old.find(**after.case))]
    if not pairs:
        raise DataError(
            "Cannot compare the records: they have no case in common. The old one has "
            f"{_name_cases(old)}; the new one {_name_cases(new)}"
        )
    rows = [Compared(one, other, compare_runs(one.seconds, other.seconds)) for one, other in pairs]
    notes = [f"not the same: {line}" for line in [*differing, *_differences(old.versions, new.versions)]]
    return Comparison(rows, [*notes, *_unpaired(old, new), *_drift(rows)])


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        before, now = ("not recorded" if one.get(key) is None else one[key] for one in (old, new))
        if before != now:
            yield f"{key}: {before} before, {now} now"


def _unpaired(old: Record, new: Record) -> Iterator[str]:
    for words, one, other in (("old", old, new), ("new", new, old)):
        for measurement in one.measurements:
            if not other.find(**measurement.case):
                yield f"only in the {words} record: {name_case(measurement.case)}"


def _drift(rows: list[Compared]) -> Iterator[str]:
    """Note a change of the machine's own speed."""
    for row in rows:
        if row.new.case.get("stage") == REFERENCE and abs(row.speed_up.ratio - 1) > DRIFT:
            longer = 1 / row.speed_up.ratio
            yield (
                f"{name_case(row.new.case)} took {longer:.2f} times as long as before. The machine's speed "
                "changed, perhaps because of other work."
            )


def name_case(case: Mapping[str, str | int]) -> str:
    """Format a case: "backbone, batch 8"."""
    return ", ".join(str(value) if key == "stage" else f"{key} {value}" for key, value in case.items())


def _name_cases(record: Record) -> str:
    return "; ".join(name_case(one.case) for one in record.measurements) or "none"
