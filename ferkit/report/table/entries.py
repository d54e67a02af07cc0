"""Arrange runs as a table: a line per system, a score per protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from ferkit.evaluation.leak import Leak
from ferkit.evaluation.protocol_options import ProtocolName
from ferkit.evaluation.verdict import Verdict, judge
from ferkit.report.table.definition import Definition, Row
from ferkit.report.table.differences import describe, differences
from ferkit.report.table.labels import label, make_unique
from ferkit.report.table.runs import TableRun, read_runs
from ferkit.report.table.settings import identity
from ferkit.runtime.shipped import bundled_recipe

PROTOCOLS: tuple[str, ...] = get_args(ProtocolName)
EXPECTED = ("paper", "grouped", "nested")
"""Protocols that each row of a paper should have a run for."""
COMMON = "common settings"
"""Label of a system that has only values which most systems have."""


@dataclass(slots=True)
class Line:
    """A line of the table: a system.

    Attributes:
        label: Differences from the row's recipe, or from the other lines; None if the row has no run.
        row: The row of the paper, if the table has a definition.
        runs: Protocol -> the run that is shown.
        leaks: Differences between its random and grouped folds, once `leaks_of` has computed them.
    """

    label: str | None
    row: Row | None = None
    runs: dict[str, TableRun] = field(default_factory=dict)
    leaks: list[Leak] | None = None

    @property
    def first(self) -> TableRun:
        return next(iter(self.runs.values()))

    @property
    def recipes(self) -> str:
        """The names of the runs' recipes."""
        return ", ".join(dict.fromkeys(run.summary.name for run in self.runs.values()))

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
        definition: The rows of the paper; None if the runs are the rows.
        lines: The lines, in order.
        protocols: The protocols of the columns, in order.
        left_out: Runs that are not shown, with the reason.
        missing: Missing runs of the paper's rows, with their commands.
        common: Settings that labels omit, since most lines have them.
    """

    definition: Definition | None
    lines: list[Line]
    protocols: list[str]
    left_out: list[str]
    missing: list[str] = field(default_factory=list)
    common: str = ""

    @property
    def title(self) -> str:
        return self.definition.title if self.definition else "Comparison of runs"

    @property
    def source(self) -> str:
        return self.definition.source if self.definition else ""

    @property
    def runs(self) -> list[TableRun]:
        """The runs that are shown."""
        return [run for line in self.lines for run in line.runs.values()]


def make_table(definition: Definition | None, folders: Sequence[Path]) -> Table:
    """Make a table of run folders. Without a definition, the runs are its rows.

    Raises:
        RunError: A run is unfinished or from an older ferkit.
    """
    runs, left_out = read_runs(folders), list[str]()
    if definition is None:
        lines, common = _compare(runs, left_out)
        return Table(None, lines, _protocols(lines), left_out, common=common)
    lines = []
    for row in sorted(definition.row, key=lambda row: row.place):
        own = [run for run in runs if run.summary.name in row.recipes]
        lines += _lines(row, own, left_out) or [Line(None, row)]
    known = {name for row in definition.row for name in row.recipes}
    left_out += [
        f"{run.path}: the recipe {run.summary.name} is not in this table"
        for run in runs
        if run.summary.name not in known
    ]
    return Table(definition, lines, _protocols(lines), left_out, _missing(lines))


def _protocols(lines: Sequence[Line]) -> list[str]:
    found = {protocol for line in lines for protocol in line.runs}
    return sorted(found, key=lambda key: (PROTOCOLS.index(key.split(" ")[0]), key))


def _compare(runs: Sequence[TableRun], left_out: list[str]) -> tuple[list[Line], str]:
    """Return a line per resolved recipe, labelled by what differs, and the settings that labels omit."""
    lines = _group(runs, left_out)
    found = label([line.first.settings for line in lines])
    for line, words in zip(lines, found.each, strict=True):
        line.label = words or (COMMON if found.common else line.recipes)
    _make_unique(lines)
    return lines, found.common


def _lines(row: Row, runs: Sequence[TableRun], left_out: list[str]) -> list[Line]:
    """Return a line per recipe of the row and variant of its settings."""
    left_out += [f"{run.path}: a demo run on generated faces" for run in runs if run.summary.demo]
    lines: list[Line] = []
    for name in row.recipes:
        own = [run for run in runs if run.summary.name == name and not run.summary.demo]
        lines += _variants(row, name, _group(own, left_out))
    _make_unique(lines)
    return sorted(lines, key=lambda line: line.label or "")


def _group(runs: Sequence[TableRun], left_out: list[str]) -> list[Line]:
    """Return a line per settings, without labels. The run with the most repeats of a protocol is shown."""
    lines = {identity(run.settings): Line(None) for run in runs}
    for run in sorted(runs, key=lambda run: (-run.repeats, run.path.name)):
        shown = lines[identity(run.settings)].runs.setdefault(run.protocol, run)
        if shown is not run:
            left_out.append(f"{run.path}: {shown.path} is shown instead")
    return list(lines.values())


def _variants(row: Row, name: str, lines: Sequence[Line]) -> Sequence[Line]:
    """Label lines of a recipe: by its name, if it is not the row's first, and by their differences.

    Differences are from the shipped recipe. Lines that have the same, or whose recipe is not shipped, are
    labelled by the differences from each other.
    """
    alike: dict[str, list[Line]] = {}
    for line in lines:
        alike.setdefault(describe(differences(line.first.path, name)), []).append(line)
    for words, several in alike.items():
        relative = label([line.first.settings for line in several], omit_common=False)
        for line, further in zip(several, relative.each, strict=True):
            differing = ", ".join(filter(None, (words, further)))
            recipe = "" if name == row.recipes[0] else f"recipe {name}"
            line.row, line.label = row, ": ".join(filter(None, (recipe, differing)))
    return lines


def _make_unique(lines: Sequence[Line]) -> None:
    unique = make_unique([line.label or "" for line in lines], [line.first.path for line in lines])
    for line, words in zip(lines, unique, strict=True):
        line.label = words


def _missing(lines: Sequence[Line]) -> list[str]:
    """Return the missing runs of each row with their commands."""
    missing = []
    rows: dict[int, tuple[Row, set[str]]] = {}
    for line in lines:
        if line.row:
            _, have = rows.setdefault(line.row.place, (line.row, set()))
            have |= {protocol.split(" ")[0] for protocol in line.runs}
    for place, (row, have) in rows.items():
        if not row.recipes:
            missing.append(f"Row {place}: there is no recipe yet.")
        elif lacking := [name for name in EXPECTED if name not in have]:
            sets = "" if lacking == ["paper"] else f" --set protocol.name={lacking[-1]}"
            words = ", ".join(lacking)
            recipe = row.recipes[0] if bundled_recipe(row.recipes[0]) else f"{row.recipes[0]}.toml"
            missing.append(f"Row {place} has no run for {words}. Run: `ferkit run {recipe}{sets}`")
    return missing
