"""Describe an evaluation in plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferkit.assess.result import NO_FACE, Evaluation, GroupScores, Measure
from ferkit.assess.shift.text import describe_levels, shift_tables
from ferkit.evaluation.formatting import NAMES, SHARES, format_drawn
from ferkit.messages import count_of, percent, printable, shorten_middle, wrap

NOTHING = "—"
GAPS = 6
"""Maximum number of printed pairs for one kind of group, the largest gaps first. The page has all."""
NAME = 20
"""Maximum width of a label or group in tables, in characters."""
UAR = "UAR (balanced accuracy)"


def describe(evaluation: Evaluation, width: int) -> Iterator[str]:
    """Yield the lines of a description. Tables fit 80 columns for up to 7 labels."""
    yield from _wrapped(f"model: {evaluation.model}", width)
    counts = ", ".join(f"{one.label} {one.images}" for one in evaluation.classes if one.images)
    yield from _wrapped(f"data: {evaluation.data}, {count_of(evaluation.images, 'image')}: {counts}", width)
    for warning in evaluation.warnings:
        yield from _wrapped(f"warning: {warning}", width)
    yield ""
    yield from align(score_table(evaluation))
    yield ""
    yield from align(class_table(evaluation))
    yield ""
    yield "confusion: a row for each true label, a column for each prediction"
    yield from align(confusion_table(evaluation))
    for groups in evaluation.by:
        yield ""
        yield from align(value_table(groups))
        gaps = gap_table(groups, GAPS)
        if len(gaps) > 1:
            yield ""
            yield from align(gaps)
    if evaluation.shift:
        yield ""
        yield from _wrapped(f"changed images. Levels: {describe_levels(evaluation.shift)}", width)
        for table in shift_tables(evaluation):
            yield ""
            yield from align(table)


def score_table(evaluation: Evaluation) -> list[list[str]]:
    """Return heading and rows: score, value, and its interval for each unit."""
    kinds = list(evaluation.units)
    units = [f"95%, {format_drawn(kind, evaluation.units[kind])}" for kind in kinds]
    rows = [
        [name_of(metric), format_score(metric, one.value), *(format_of(metric, one, kind) for kind in kinds)]
        for metric, one in evaluation.scores.items()
    ]
    return [["score", "value", *units], *rows]


def class_table(evaluation: Evaluation) -> list[list[str]]:
    """Return heading and rows: precision, recall and F1 of each label with images or predictions."""
    rows = [
        [one.label, percent(one.precision), percent(one.recall), percent(one.f1), str(one.images)]
        for one in evaluation.classes
        if one.label in shown_labels(evaluation)
    ]
    return [["class", "precision", "recall", "F1", "images"], *rows]


def confusion_table(evaluation: Evaluation) -> list[list[str]]:
    """Return heading and rows: counts by true label (rows) and predicted label (columns)."""
    columns = predicted_labels(evaluation)
    rows = [
        [true, *(str(row[name]) for name in columns)]
        for true, row in evaluation.confusion.items()
        if sum(row.values())
    ]
    return [["true", *(shorten_middle(name, 9) for name in columns)], *rows]


def shown_labels(evaluation: Evaluation) -> list[str]:
    """Return the labels that an image has, or that were predicted."""
    counts = evaluation.confusion
    return [
        label
        for label in evaluation.labels
        if sum(counts[label].values()) or any(row[label] for row in counts.values())
    ]


def predicted_labels(evaluation: Evaluation) -> list[str]:
    """Return the columns of the confusion matrix: "no face" only if it occurs."""
    has_faceless = any(row[NO_FACE] for row in evaluation.confusion.values())
    return [*shown_labels(evaluation), *([NO_FACE] if has_faceless else [])]


def value_table(groups: GroupScores) -> list[list[str]]:
    """Return heading and rows: accuracy and UAR of each value, with intervals."""
    rows = [
        [
            one.value,
            str(one.images),
            *(
                cell
                for metric in ("accuracy", "mean_recall")
                for cell in (
                    percent(one.scores[metric].value),
                    format_of(metric, one.scores[metric], groups.unit),
                )
            ),
        ]
        for one in groups.values
    ]
    drawn = f"95%, by {groups.unit}"
    return [[groups.kind, "images", "accuracy", drawn, "UAR", drawn], *rows]


def gap_table(groups: GroupScores, most: int | None = None) -> list[list[str]]:
    """Return heading and rows: the gaps in accuracy and UAR with intervals, in percentage points.

    Args:
        groups: The scores by group.
        most: Maximum number of pairs, those with the largest gap in accuracy first. None: all.
    """
    pairs = {(one.one, one.other): dict[str, Measure]() for one in groups.gaps}
    for one in groups.gaps:
        pairs[one.one, one.other][one.metric] = one.measure
    order = sorted(pairs.items(), key=lambda item: -abs(item[1]["accuracy"].value))
    rows = [
        [
            f"{shorten_middle(first, NAME // 2)} - {shorten_middle(second, NAME // 2)}",
            *(
                cell
                for metric in ("accuracy", "mean_recall")
                for cell in (format_gap(found[metric].value), format_gap_interval(found[metric], groups.unit))
            ),
        ]
        for (first, second), found in order[:most]
    ]
    return [["gap, points", "accuracy", "95%", "UAR", "95%"], *rows]


def name_of(metric: str) -> str:
    """Return the name of a metric, with an arrow if lower is better."""
    return UAR if metric == "mean_recall" else NAMES[metric] + ("" if metric in SHARES else " ↓")


def format_score(metric: str, value: float) -> str:
    return percent(value) if metric in SHARES else f"{value:.3f}"


def format_of(metric: str, measure: Measure, kind: str) -> str:
    """Format the interval for a unit: "84.3 to 92.4%"."""
    if kind not in measure.intervals:
        return NOTHING
    low, high = measure.intervals[kind]
    return f"{100 * low:.1f} to {100 * high:.1f}%" if metric in SHARES else f"{low:.3f} to {high:.3f}"


def format_gap(value: float) -> str:
    return f"{100 * value:+.1f}"


def format_gap_interval(measure: Measure, kind: str) -> str:
    """Format the interval of a gap: "+5.1 to +18.9"."""
    low, high = measure.intervals[kind]
    return f"{format_gap(low)} to {format_gap(high)}"


def align(table: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table. The first column is left-aligned, the others are right-aligned."""
    cells = [[shorten_middle(printable(row[0]), NAME + 4), *map(printable, row[1:])] for row in table]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        others = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        yield "  ".join([row[0].ljust(widths[0]), *others]).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(printable(text), width, 2).split("\n")
