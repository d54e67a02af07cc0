"""Rows of the report's score table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferkit.evaluation.formatting import NAMES, SHARES, format_drawn, format_interval, format_value

NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Row:
    """A metric of one epoch selection, formatted.

    Attributes:
        name: The metric, with an arrow if lower is better.
        value: The value.
        intervals: The 95% interval for each kind of draw; "—" if there is none.
        calibrated: The value after temperature scaling; "" if there is none or scaling cannot change it.
    """

    name: str
    value: str
    intervals: tuple[str, ...]
    calibrated: str


def drawn_kinds(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the kinds of units that the bootstrap drew, groups before images."""
    return list(dict.fromkeys(kind for one in scores.values() for kind in one.get("intervals", ())))


def describe_kinds(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the kinds with their counts: "by movie, 58"."""
    counts: dict[str, int] = {}
    for one in scores.values():
        counts |= one.get("clusters", {})
    return [format_drawn(kind, counts[kind]) for kind in drawn_kinds(scores)]


def score_rows(score: Mapping[str, Any], kinds: Sequence[str]) -> list[Row]:
    """Return a row for each metric of an epoch selection. `kinds` comes from `drawn_kinds`."""
    softened = score.get("calibrated", {})
    rows = []
    for metric in (one for one in NAMES if one in score):
        intervals = [score.get("intervals", {}).get(kind, {}).get(metric) for kind in kinds]
        rows.append(
            Row(
                NAMES[metric] + ("" if metric in SHARES else " ↓"),
                format_value(metric, score[metric]),
                tuple(format_interval(one) if one else NOTHING for one in intervals),
                format_value(metric, softened[metric]) if metric in softened else "",
            )
        )
    return rows


def format_settings(settings: Mapping[str, Any]) -> str:
    """Format the settings of a grid: "fit.batch_size = 4, fit.optimizer.lr = 0.02"."""
    return ", ".join(f"{key} = {value}" for key, value in settings.items())
