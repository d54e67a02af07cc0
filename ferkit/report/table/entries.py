"""Runs -> the cells of a table: for each row and each variant of its system, a score under each protocol."""

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
"""Each row of a table is expected to have a run under these."""


@dataclass(frozen=True, slots=True)
class TableRun:
    """A finished run. variant: in what its system differs from its recipe, in words."""

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
    """One row of the paper with one variant of its system; variant is None where there is no run at all.

    runs: by protocol, the one of each that is shown.
    """

    row: Row
    variant: str | None
    runs: dict[str, TableRun] = field(default_factory=dict)

    @property
    def judged(self) -> TableRun | None:
        """The run under the paper's own protocol, or any if there is none."""
        return self.runs.get("paper", next(iter(self.runs.values()), None))

    @property
    def verdict(self) -> Verdict | None:
        return judge(self.judged.summary) if self.judged else None


@dataclass(slots=True)
class Table:
    """protocols: the columns, in order; left_out: runs that are not shown, and why; missing: what to run."""

    definition: Definition
    lines: list[Line]
    protocols: list[str]
    left_out: list[str]
    missing: list[str]


def make_table(definition: Definition, folders: Sequence[Path]) -> Table:
    """Raises RunError where a folder holds no finished run, or one that an older ferkit made."""
    left_out: list[str] = []
    runs = [read_run(folder) for folder in folders]
    lines: list[Line] = []
    for row in sorted(definition.row, key=lambda row: row.place):
        own = [run for run in runs if run.summary.name in row.recipes]
        lines += _lines(row, own, left_out) or [Line(row, None)]
    known = {name for row in definition.row for name in row.recipes}
    left_out += [
        f"{run.path}: {run.summary.name} is no recipe of this table"
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
        raise RunError(f"{folder} was made by an older ferkit. Bring it up to date: {words}")
    return TableRun(folder, summary, describe(differences(folder, summary.name)))


def _variant(row: Row, run: TableRun) -> str:
    """What sets a run apart in its row: the recipe, if that is not the row's first, and its differences."""
    name = run.summary.name
    return run.variant if name == row.recipes[0] else ": ".join(filter(None, (f"recipe {name}", run.variant)))


def _lines(row: Row, runs: Sequence[TableRun], left_out: list[str]) -> list[Line]:
    """A line for each variant; of runs of the same variant and protocol, that with the most repeats."""
    lines: dict[str, Line] = {}
    for run in sorted(runs, key=lambda run: (-run.repeats, run.path.name)):
        variant = _variant(row, run)
        line = lines.setdefault(variant, Line(row, variant))
        if run.summary.demo:
            left_out.append(f"{run.path}: a demonstration on drawn faces")
        elif run.protocol in line.runs:
            left_out.append(f"{run.path}: {line.runs[run.protocol].path} is shown, which is of the same kind")
        else:
            line.runs[run.protocol] = run
    return [line for line in sorted(lines.values(), key=lambda line: line.variant or "") if line.runs]


def _missing(lines: Sequence[Line]) -> list[str]:
    """What each row lacks, with the command that makes it."""
    missing = []
    rows: dict[int, list[Line]] = {}
    for line in lines:
        rows.setdefault(line.row.place, []).append(line)
    for place, own in rows.items():
        recipes = own[0].row.recipes
        if not recipes:
            missing.append(f"Row {place}: no recipe makes it yet.")
            continue
        have = {protocol.split(" ")[0] for line in own for protocol in line.runs}
        if lacking := [name for name in EXPECTED if name not in have]:
            sets = "" if lacking == ["paper"] else f" --set protocol.name={lacking[-1]}"
            words = ", ".join(lacking)
            missing.append(f"Row {place}: no run under {words}: `ferkit run {recipes[0]}{sets}`")
    return missing
