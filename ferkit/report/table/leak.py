"""Leak of each system in a table: a column, and sentences below the table."""

from __future__ import annotations

from collections.abc import Iterator

from ferkit.evaluation.leak import MEANING, Leak, find_leaks
from ferkit.report.table.entries import PROTOCOLS, Line, Table


def leaks_of(line: Line) -> list[Leak]:
    """Return the leaks of a system, in the order of its protocols; the coarsest groups first."""
    if line.leaks is None:
        runs = sorted(line.runs.values(), key=lambda run: PROTOCOLS.index(run.protocol.split(" ")[0]))
        line.leaks = find_leaks([(run.path, run.summary.protocol) for run in runs])
    return line.leaks


def leak_cell(line: Line) -> str:
    """Format the leak to the coarsest groups as "15.3 [9.9, 20.0]", in points; "" without a leak."""
    return "".join(f"{one.points:.1f} [{one.low:.1f}, {one.high:.1f}]" for one in leaks_of(line)[:1])


def leak_value(line: Line) -> float | None:
    return next((one.points for one in leaks_of(line)), None)


def leak_words(table: Table) -> Iterator[str]:
    """Yield a sentence for each system that has runs with random and with grouped folds."""
    found = [words for line in table.lines for words in _of_line(line, len(table.lines) > 1)]
    yield from found
    if found:
        yield MEANING


def _of_line(line: Line, has_others: bool) -> Iterator[str]:
    names = {run.path: run.protocol for run in line.runs.values()}
    subject = f" of {line.label}" if has_others and line.label else ""
    for random in dict.fromkeys(one.random for one in leaks_of(line)):
        own = sorted((one for one in leaks_of(line) if one.random == random), key=lambda one: one.points)
        words = "; ".join(
            f"{one.first:.1f}% to {names[one.grouped]} {one.second:.1f}%, {one.points:+.1f} points "
            f"({one.low:+.1f} to {one.high:+.1f})"
            for one in own
        )
        yield f"Leak{subject}, from {names[random]}: {words}."
