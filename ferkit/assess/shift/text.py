"""Tables of scores on changed images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferkit.assess.result import Evaluation, Measure, Shift
from ferkit.assess.shift.measure import METRICS

NAMES = {"accuracy": "accuracy", "mean_recall": "UAR"}
NOTHING = "—"


def describe_levels(shifts: Sequence[Shift]) -> str:
    """Return the meaning of the levels in one line."""
    return "; ".join(f"{shift.kind}: {shift.unit}" for shift in shifts)


def shift_tables(evaluation: Evaluation) -> Iterator[list[list[str]]]:
    """Yield heading and rows for accuracy and for UAR: a row for each kind, a column for each level.

    A cell is a level and its score in percent. The change is that of the strongest level against the
    unchanged images, in percentage points. Its interval draws the first unit of the evaluation.
    """
    unit = next(iter(evaluation.units))
    most = max(len(shift.levels) for shift in evaluation.shift)
    for metric in METRICS:
        whole = f"{100 * evaluation.scores[metric].value:.1f}"
        table = [
            [NAMES[metric], *["level %"] * most, "change", f"95%, by {unit}"],
            ["none", whole, *[""] * (most + 1)],
        ]
        for shift in evaluation.shift:
            cells = [f"{one.level:g} {100 * one.scores[metric]:.1f}" for one in shift.levels]
            measure = shift.levels[-1].changes[metric]
            change = [f"{100 * measure.value:+.1f}", format_change(measure, unit)]
            table.append([shift.kind, *cells, *[""] * (most - len(cells)), *change])
        yield table


def format_change(measure: Measure, unit: str) -> str:
    """Format the interval of a change: "-15.2 to -9.1"."""
    if unit not in measure.intervals:
        return NOTHING
    low, high = measure.intervals[unit]
    return f"{100 * low:+.1f} to {100 * high:+.1f}"
