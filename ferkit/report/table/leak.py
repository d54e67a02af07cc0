"""Leak of a score: the difference between random folds and folds that keep groups together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ferkit.errors import RunError
from ferkit.evaluation.compare import compare, read_outcomes
from ferkit.report.table.entries import Line, Table
from ferkit.report.table.runs import TableRun

GROUPED = {"paper": "grouped", "nested": "nested"}
"""Protocol with random folds to the one that keeps groups together."""
MEANING = (
    "A leak is the accuracy with random folds minus that with grouped folds, on the same images. In "
    "brackets: its 95% interval."
)


def leak_words(table: Table) -> Iterator[str]:
    """Yield a sentence for each system that has runs with random and with grouped folds."""
    found = [words for line in table.lines for words in _of_line(line, len(table.lines) > 1)]
    yield from found
    if found:
        yield MEANING


def _of_line(line: Line, has_others: bool) -> Iterator[str]:
    runs = list(line.runs.values())
    for random in (run for run in runs if _is_random(run.summary.protocol)):
        grouped = [run for run in runs if _is_grouped_like(random.summary.protocol, run.summary.protocol)]
        compared = dict(sorted(pair for run in grouped if (pair := _compare(random, run))))
        if compared:
            subject = f" of {line.label}" if has_others and line.label else ""
            yield f"Leak{subject}, from {random.protocol}: {'; '.join(compared.values())}."


def _is_random(protocol: Mapping[str, Any]) -> bool:
    return protocol["name"] == "paper" or (protocol["name"] == "nested" and protocol.get("by") == "none")


def _is_grouped_like(random: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return True for grouped folds of the same size and epoch selection."""
    is_same = GROUPED[random["name"]] == other["name"] and random.get("folds") == other.get("folds")
    return is_same and not _is_random(other)


def _compare(random: TableRun, grouped: TableRun) -> tuple[float, str] | None:
    """Return the leak with its sentence; None if the runs have no common image or label."""
    try:
        found = compare(read_outcomes(random.path), read_outcomes(grouped.path))
    except RunError:
        return None
    first, second = (100 * one["accuracy"] for one in (found.first, found.second))
    low, high = 100 * found.difference["accuracy"].low, 100 * found.difference["accuracy"].high
    scores = f"{first:.1f}% to {grouped.protocol} {second:.1f}%"
    return first - second, f"{scores}, {first - second:+.1f} points ({low:+.1f} to {high:+.1f})"
