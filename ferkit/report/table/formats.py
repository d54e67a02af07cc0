"""Write a table as Markdown, CSV or HTML, or for the terminal."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from ferkit.evaluation.formatting import NAMES
from ferkit.evaluation.verdict import RULE, judge, verdict_selection
from ferkit.messages import printable
from ferkit.report.render import template
from ferkit.report.table.columns import interval, make_grid, seconds_per_repeat
from ferkit.report.table.differences import command
from ferkit.report.table.entries import Table
from ferkit.report.table.notes import environment_words, notes, verdict_words
from ferkit.report.table.runs import TableRun
from ferkit.runtime.escape import csv_row, escape_markdown

SCORES = ("selected_on_test", "accuracy", "deviation", *(name for name in NAMES if name != "accuracy"))
CSV_COLUMNS = (
    *("row", "system", "differs", "paper_percent", "protocol", "repeats", "epoch_selection"),
    *("low", "high", *SCORES),
    *("verdict", "seconds_per_repeat", "parameters", "trained", "recipe", "folder"),
)
COMMANDS = "The command of each run."
DATA = " `FERKIT_DATA` is the folder of the data sets."


def to_terminal(table: Table) -> RichTable:
    grid = make_grid(table)
    shown = RichTable(title=Text(table.title, style="italic"), box=box.SIMPLE_HEAD, show_lines=True)
    for heading in grid.headings:
        shown.add_column(Text(heading), overflow="fold")
    for row in grid.rows:
        shown.add_row(*(Text(printable(cell)) for cell in row))
    return shown


def to_stacked(table: Table) -> Group:
    """Return one block per line of the table, for a narrow terminal."""
    grid = make_grid(table)
    blocks: list[RenderableType] = [Text(table.title, style="italic")]
    for line, row in zip(table.lines, grid.rows, strict=True):
        shown = RichTable.grid(padding=(0, 2))
        shown.add_column(no_wrap=True)
        shown.add_column(overflow="fold")
        end = len(row) if line.runs else grid.naming + 2
        for name, value in zip(grid.headings[grid.naming : end], row[grid.naming : end], strict=True):
            shown.add_row(Text(name), Text(printable(value)))
        title = Text("\n" + printable(". ".join(row[: grid.naming])), style="bold")
        blocks += [title, Padding(shown, (0, 0, 0, 3))]
    return Group(*blocks, "")


def to_markdown(table: Table, has_bold: bool = False) -> str:
    """Return the whole page: the table, notes, verdicts, commands and environments.

    Args:
        table: The table.
        has_bold: True prints the highest score of each column in bold.
    """
    grid = make_grid(table)
    best = grid.best if has_bold else frozenset()
    lines = [f"# {table.title}", "", *([table.source + ".", ""] if table.source else [])]
    lines += [_row(grid.headings), _row(["---"] * len(grid.headings))]
    for number, row in enumerate(grid.rows):
        cells = [_plain(cell) for cell in row]
        lines.append(_row([f"**{one}**" if (number, at) in best else one for at, one in enumerate(cells)]))
    lines += ["", *(f"- {escape_markdown(note)}" for note in notes(table, grid))]
    if verdicts := list(verdict_words(table)):
        lines += ["", "## Verdicts", "", RULE, "", *(f"- {escape_markdown(words)}" for words in verdicts)]
    if table.missing:
        lines += ["", "## Missing runs", "", *(f"- {one}" for one in table.missing)]
    commands = [f"$ {one}" for one in _list_commands(table)]
    lines += ["", "## Commands", "", _commands_note(table), "", "```console", *commands, "```", ""]
    if environment := list(environment_words(table)):
        lines += ["## Environments", "", *(f"- {words}" for words in environment)]
    return "\n".join(lines) + "\n"


def to_csv(table: Table) -> str:
    """Return a CSV table with a line per run and epoch selection. Fractions are 0..1."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, CSV_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for number, line in enumerate(table.lines, start=1):
        fields: dict[str, object] = {"row": number, "differs": line.label}
        if line.row:
            fields |= {"row": line.row.place, "system": line.row.row, "paper_percent": line.row.accuracy}
        for run in line.runs.values():
            writer.writerows(_escaped({**fields, **one}) for one in _readings(run))
        if not line.runs:
            writer.writerow(_escaped(fields))
    return buffer.getvalue()


def _escaped(row: Mapping[str, object]) -> dict[str, object]:
    return dict(zip(row, csv_row(row.values()), strict=True))


def to_html(table: Table, has_bold: bool = False) -> str:
    """Return an HTML page that needs no other file and no network."""
    grid = make_grid(table)
    return template("table.html").render(
        title=table.title,
        source=table.source,
        grid=grid,
        best=grid.best if has_bold else (),
        is_paper=table.definition is not None,
        notes=list(notes(table, grid)),
        rule=RULE,
        verdicts=list(verdict_words(table)),
        missing=table.missing,
        left_out=table.left_out,
        commands_note=_commands_note(table).replace("`", ""),
        commands=_list_commands(table),
        environment=list(environment_words(table)),
    )


def _list_commands(table: Table) -> list[str]:
    """Return the commands of the runs, each once."""
    return list(dict.fromkeys(command(run.path, run.summary.name) for run in table.runs))


def _commands_note(table: Table) -> str:
    return COMMANDS + (DATA if table.definition else "")


def _readings(run: TableRun) -> Iterator[dict[str, object]]:
    verdict, parameters = judge(run.summary), run.summary.parameters
    for key, one in run.summary.scores.items():
        low, high = interval(one) if "intervals" in one else ("", "")
        yield {
            "protocol": run.protocol,
            "repeats": run.repeats,
            "epoch_selection": key,
            "low": low,
            "high": high,
            **{name: one.get(name, "") for name in SCORES},
            "verdict": verdict.kind if verdict and key == verdict_selection(run.summary) else "",
            "seconds_per_repeat": round(seconds_per_repeat(run), 1),
            "parameters": parameters.total if parameters else "",
            "trained": parameters.trained if parameters else "",
            "recipe": run.summary.name,
            "folder": run.path,
        }


def _row(values: list[str]) -> str:
    return "| " + " | ".join(values) + " |"


def _plain(cell: str) -> str:
    """Escape a cell for Markdown, emphasis included."""
    emphasis = r"[\\*]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"
    return escape_markdown(re.sub(emphasis, r"\\\g<0>", cell))
