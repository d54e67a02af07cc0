"""The rows of the page's table of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferkit.evaluation.formatting import NAMES, SHARES, format_drawn, format_interval, format_value

NOTHING = "—"


@dataclass(frozen=True, slots=True)
class Row:
    """A metric of one epoch selection, as written: its value, its interval by each kind of draw ("—" where
    there is none), and the value after temperature scaling ("" where there is none, or scaling
    can't change it)."""

    name: str
    value: str
    intervals: tuple[str, ...]
    calibrated: str


def drawn_kinds(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the bootstrap drew, groups before images: the keys of each epoch selection's intervals."""
    return list(dict.fromkeys(kind for one in scores.values() for kind in one.get("intervals", ())))


def describe_kinds(scores: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The same with their numbers: "by movie, 58"."""
    counts: dict[str, int] = {}
    for one in scores.values():
        counts |= one.get("clusters", {})
    return [format_drawn(kind, counts[kind]) for kind in drawn_kinds(scores)]


def score_rows(score: Mapping[str, Any], kinds: Sequence[str]) -> list[Row]:
    """A row for each metric that the epoch selection has. kinds: as `drawn_kinds` gives them."""
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
    """Of a grid: "fit.batch_size = 4, fit.optimizer.lr = 0.02"."""
    return ", ".join(f"{key} = {value}" for key, value in settings.items())
