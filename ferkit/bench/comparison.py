"""A record held against an older one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ferkit.bench.measuring import REFERENCE
from ferkit.bench.ratio import SpeedUp, compare_runs
from ferkit.bench.record import Measurement, Record
from ferkit.errors import DataError

DRIFT = 0.05


@dataclass(frozen=True, slots=True)
class Compared:
    """A case that both records have."""

    old: Measurement
    new: Measurement
    speed_up: SpeedUp


@dataclass(frozen=True, slots=True)
class Comparison:
    """rows: of the cases in both; notes: whatever else differs, a sentence each."""

    rows: list[Compared]
    notes: list[str]


def compare_records(old: Record, new: Record, is_forced: bool = False) -> Comparison:
    """Raises DataError where machine, settings or components differ, unless forced, or no case is in both."""
    differing = [*_differences(old.machine, new.machine), *_differences(old.setting, new.setting)]
    if differing and not is_forced:
        raise DataError(
            "the two were not measured alike, so that their times say nothing about each other:\n  "
            + "\n  ".join(differing)
            + "\nMeasure both in the same way, or compare them all the same: --force"
        )
    pairs = [(before, after) for after in new.measurements if (before := old.find(**after.case))]
    if not pairs:
        raise DataError(
            f"no case is in both: the old record has {_name_cases(old)}; the new one {_name_cases(new)}"
        )
    rows = [Compared(one, other, compare_runs(one.seconds, other.seconds)) for one, other in pairs]
    notes = [f"not the same: {line}" for line in differing]
    notes += [f"not the same: {line}" for line in _differences(old.versions, new.versions)]
    return Comparison(rows, [*notes, *_unpaired(old, new), *_drift(rows)])


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield f"{key}: {_say(old.get(key))} before, {_say(new.get(key))} now"


def _say(value: Any) -> str:
    return "not recorded" if value is None else str(value)


def _unpaired(old: Record, new: Record) -> Iterator[str]:
    for words, one, other in (("old", old, new), ("new", new, old)):
        for measurement in one.measurements:
            if not other.find(**measurement.case):
                yield f"only in the {words} record: {name_case(measurement.case)}"


def _drift(rows: list[Compared]) -> Iterator[str]:
    """Where the machine itself was at another speed."""
    for row in rows:
        if row.new.case.get("stage") == REFERENCE and abs(row.speed_up.ratio - 1) > DRIFT:
            longer = 1 / row.speed_up.ratio
            yield (
                f"the machine itself: {name_case(row.new.case)} took {longer:.2f} times as long as before: "
                "other work may have disturbed one of the two"
            )


def name_case(case: Mapping[str, str | int]) -> str:
    """In words: "backbone, batch 8"."""
    return ", ".join(str(value) if key == "stage" else f"{key} {value}" for key, value in case.items())


def _name_cases(record: Record) -> str:
    return "; ".join(name_case(one.case) for one in record.measurements) or "none"
