"""Arrange runs as a table: a line per row and variant of its system, a score per protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from ferkit.errors import RunError
from ferkit.evaluation.protocol_options import ProtocolName
from ferkit.evaluation.protocol_text import protocol_key
from ferkit.evaluation.run_files import read_environment, read_summary
from ferkit.evaluation.summary import Summary
from ferkit.evaluation.verdict import Verdict, judge
from ferkit.messages import quote
from ferkit.report.table.definition import Definition, Row
from ferkit.report.table.differences import describe, differences

PROTOCOLS: tuple[str, ...] = get_args(ProtocolName)
EXPECTED = ("paper", "grouped", "nested")
"""Protocols that each row should have a run for."""


@dataclass(frozen=True, slots=True)
class TableRun:
    """A finished run. `variant` describes how its system differs from its recipe."""

    path: Path
    summary: Summary
    variant: str

    @property
    def protocol(self) -> str:
        return protocol_key(self.summary.protocol)

    @property
    def repeats(self) -> int:
        return int(self.summary.protocol["repeats"])

    @property
    def environment(self) -> dict[str, Any]:
        return read_environment(self.path)


@dataclass(slots=True)
class Line:
    """One row of the paper with one variant of its system.

    Attributes:
        row: The row.
        variant: Differences from the row's recipe; None if the row has no run.
        runs: Protocol -> the run that is shown.
    """

    row: Row
    variant: str | None
    runs: dict[str, TableRun] = field(default_factory=dict)

    @property
    def judged(self) -> TableRun | None:
        """The run with the paper's protocol, or any run if there is none."""
        return self.runs.get("paper", next(iter(self.runs.values()), None))

    @property
    def verdict(self) -> Verdict | None:
        return judge(self.judged.summary) if self.judged else None


@dataclass(slots=True)
class Table:
    """A filled table.

    Attributes:
        definition: The rows of the paper.
        lines: The lines, in order.
        protocols: The protocols of the columns, in order.
        left_out: Runs that are not shown, with the reason.
        missing: Missing runs, with their commands.
    """

    definition: Definition
    lines: list[Line]
    protocols: list[str]
    left_out: list[str]
    missing: list[str]


def make_table(definition: Definition, folders: Sequence[Path]) -> Table:
    """Make a table of run folders. Raises RunError if a run is unfinished or from an older ferkit."""
    left_out: list[str] = []
    runs = [read_run(folder) for folder in folders]
    lines: list[Line] = []
    for row in sorted(definition.row, key=lambda row: row.place):
        own = [run for run in runs if run.summary.name in row.recipes]
        lines += _lines(row, own, left_out) or [Line(row, None)]
    known = {name for row in definition.row for name in row.recipes}
    left_out += [
        f"{run.path}: the recipe {run.summary.name} is not in this table"
        for run in runs
        if run.summary.name not in known
    ]
    found = {protocol for line in lines for protocol in line.runs}
    columns = sorted(found, key=lambda key: (PROTOCOLS.index(key.split(" ")[0]), key))
    return Table(definition, lines, columns, left_out, _missing(lines))


def read_run(folder: Path) -> TableRun:
    summary = read_summary(folder)
    shown = [one for one in summary.scores.values() if "intervals" in one]
    if not shown or "number" not in (summary.paper or {"number": None}):
        words = f"ferkit report {quote(folder)}"
        raise RunError(f"Cannot read {folder}: it was made by an older ferkit. Update it with: {words}")
    return TableRun(folder, summary, describe(differences(folder, summary.name)))


def _variant(row: Row, run: TableRun) -> str:
    """Describe a run's variant: its recipe, if it is not the row's first, and its differences."""
    name = run.summary.name
    return run.variant if name == row.recipes[0] else ": ".join(filter(None, (f"recipe {name}", run.variant)))


def _lines(row: Row, runs: Sequence[TableRun], left_out: list[str]) -> list[Line]:
    """Return a line per variant. For each protocol, the run with the most repeats is shown."""
    lines: dict[str, Line] = {}
    for run in sorted(runs, key=lambda run: (-run.repeats, run.path.name)):
        variant = _variant(row, run)
        line = lines.setdefault(variant, Line(row, variant))
        if run.summary.demo:
            left_out.append(f"{run.path}: a demo run on generated faces")
        elif run.protocol in line.runs:
            left_out.append(f"{run.path}: {line.runs[run.protocol].path} is shown instead")
        else:
            line.runs[run.protocol] = run
    return [line for line in sorted(lines.values(), key=lambda line: line.variant or "") if line.runs]


def _missing(lines: Sequence[Line]) -> list[str]:
    """Return the missing runs of each row with their commands."""
    missing = []
    rows: dict[int, list[Line]] = {}
    for line in lines:
        rows.setdefault(line.row.place, []).append(line)
    for place, own in rows.items():
        recipes = own[0].row.recipes
        if not recipes:
            missing.append(f"Row {place}: there is no recipe yet.")
            continue
        have = {protocol.split(" ")[0] for line in own for protocol in line.runs}
        if lacking := [name for name in EXPECTED if name not in have]:
            sets = "" if lacking == ["paper"] else f" --set protocol.name={lacking[-1]}"
            words = ", ".join(lacking)
            missing.append(f"Row {place} has no run for {words}. Run: `ferkit run {recipes[0]}{sets}`")
    return missing
