"""Notes below a table: how to read it."""

from __future__ import annotations

from collections.abc import Iterator

from ferkit.evaluation.verdict import SELECTED, judge
from ferkit.report.table.columns import MARK_NOTE, Grid
from ferkit.report.table.entries import COMMON, Table
from ferkit.report.table.leak import leak_words

ENVIRONMENT = ("processor", "cores", "threads", "gpu", "precision", "torch", "python")


def notes(table: Table, grid: Grid) -> Iterator[str]:
    """Yield the notes for the reader."""
    if grid.has_marks:
        yield MARK_NOTE
    has_spread = any("±" in row[column] for row in grid.rows for column in grid.scores)
    spread = ", ± standard deviation over repeats" if has_spread else ""
    yield f"Accuracy in percent{spread}. In brackets: its 95% bootstrap interval."
    if table.common:
        yield f"{COMMON.capitalize()}, unless a row shows another: {table.common}."
    scores = [one for run in table.runs for one in run.summary.scores.values() if "clusters" in one]
    if kinds := {next(iter(one["clusters"])) for one in scores} - {"image"}:
        yield f"Intervals are drawn by {', '.join(sorted(kinds))}, since images of a group are dependent."
    yield from leak_words(table)
    if any(run.summary.demo for run in table.runs):
        yield "Scores of demo runs, on generated faces, have no meaning."
    warnings = {warning for run in table.runs for warning in run.summary.warnings}
    yield from sorted(one for one in warnings if one.startswith("Other data") or " under another " in one)


def verdict_words(table: Table) -> Iterator[str]:
    """Yield the row, variant, protocol and verdict of each run. The rule says which epoch is used."""
    for line in table.lines:
        for run in line.runs.values():
            if verdict := judge(run.summary):
                names = [f"Row {line.row.place}", run.protocol] if line.row else [run.protocol]
                subject = ", ".join(filter(None, (*names, line.label)))
                yield f"{subject}: {verdict}".removesuffix(SELECTED)


def environment_words(table: Table) -> Iterator[str]:
    """Yield the machines, versions and commits of the runs, each once."""
    found = [run.environment for run in table.runs]
    for key in (*ENVIRONMENT, "git commit"):
        values = sorted({str(one[key]) for one in found if one.get(key) is not None})
        if values:
            yield f"{key}: {', '.join(values)}"
