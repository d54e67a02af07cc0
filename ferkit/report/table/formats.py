"""Write a table as Markdown, CSV or HTML, or for the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from ferkit.evaluation.formatting import NAMES
from ferkit.evaluation.verdict import RULE, judge, verdict_selection
from ferkit.messages import printable
from ferkit.report.render import template
from ferkit.report.table.columns import (
    FIRST_SCORE,
    cells,
    headings,
    interval,
    notes,
    score_columns,
    seconds_per_repeat,
)
from ferkit.report.table.differences import command
from ferkit.report.table.entries import Table, TableRun
from ferkit.runtime.escape import csv_row, escape_markdown

SCORES = ("selected_on_test", "accuracy", "deviation", *(name for name in NAMES if name != "accuracy"))
CSV_COLUMNS = (
    *("row", "system", "differs", "paper_percent", "protocol", "repeats", "epoch_selection"),
    *("low", "high", *SCORES),
    *("verdict", "seconds_per_repeat", "parameters", "trained", "recipe", "folder"),
)
ENVIRONMENT = ("processor", "cores", "threads", "gpu", "precision", "torch", "python")


def to_terminal(table: Table) -> RichTable:
    columns = score_columns(table)
    shown = RichTable(title=table.definition.title, box=box.SIMPLE_HEAD, show_lines=True)
    for heading in headings(columns):
        shown.add_column(heading, overflow="fold")
    for line in table.lines:
        shown.add_row(*(escape(printable(cell)) for cell in cells(line, columns)))
    return shown


def to_stacked(table: Table) -> Group:
    """Return one block per line of the table, for a narrow terminal."""
    columns = score_columns(table)
    names = headings(columns)[2:]
    blocks: list[RenderableType] = [Text(table.definition.title, style="italic")]
    for line in table.lines:
        place, system, *values = cells(line, columns)
        grid = RichTable.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        shown = names if line.runs else names[:2]
        for name, value in zip(shown, values, strict=False):
            grid.add_row(Text(name), Text(printable(value)))
        blocks += [Text(f"\n{place}. {printable(system)}", style="bold"), Padding(grid, (0, 0, 0, 3))]
    return Group(*blocks, "")


def to_markdown(table: Table) -> str:
    """Return the whole page: the table, notes, verdicts, commands and environments."""
    columns = score_columns(table)
    head = headings(columns)
    lines = [f"# {table.definition.title}", "", table.definition.source + ".", ""]
    lines += [_row(head), _row(["---"] * len(head))]
    lines += [_row(cells(line, columns)) for line in table.lines]
    lines += ["", *(f"- {note}" for note in notes(table)), "", "## Verdicts", "", RULE, ""]
    lines += [f"- {words}" for words in verdict_words(table)]
    if table.missing:
        lines += ["", "## Missing runs", "", *(f"- {one}" for one in table.missing)]
    lines += [
        "",
        "## Commands",
        "",
        "The command of each run. `FERKIT_DATA` is the folder of the data sets.",
        "",
    ]
    lines += [
        "```console",
        *(f"$ {command(run.path, run.summary.name)}" for run in runs(table)),
        "```",
        "",
    ]
    lines += ["## Environments", "", *(f"- {words}" for words in environment_words(table))]
    return "\n".join(lines) + "\n"


def to_csv(table: Table) -> str:
    """Return a CSV table with a line per run and epoch selection. Fractions are 0..1."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, CSV_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for line in table.lines:
        fields = {"row": line.row.place, "system": line.row.row, "paper_percent": line.row.accuracy}
        for run in line.runs.values():
            writer.writerows(_escaped({**fields, **one}) for one in _readings(run))
        if not line.runs:
            writer.writerow(_escaped(fields))
    return buffer.getvalue()


def _escaped(row: Mapping[str, object]) -> dict[str, object]:
    return dict(zip(row, csv_row(row.values()), strict=True))


def to_html(table: Table) -> str:
    """Return an HTML page that needs no other file and no network."""
    columns = score_columns(table)
    return template("table.html").render(
        title=table.definition.title,
        source=table.definition.source,
        head=headings(columns),
        scores=range(FIRST_SCORE, FIRST_SCORE + len(columns)),
        rows=[cells(line, columns) for line in table.lines],
        notes=list(notes(table)),
        rule=RULE,
        verdicts=list(verdict_words(table)),
        missing=table.missing,
        left_out=table.left_out,
        commands=[command(run.path, run.summary.name) for run in runs(table)],
        environment=list(environment_words(table)),
    )


def runs(table: Table) -> Iterator[TableRun]:
    for line in table.lines:
        yield from line.runs.values()


def verdict_words(table: Table) -> Iterator[str]:
    """Yield the row, variant, protocol and verdict of each run."""
    for line in table.lines:
        for run in line.runs.values():
            if verdict := judge(run.summary):
                variant = f", {run.variant}" if run.variant else ""
                yield f"Row {line.row.place}, {run.protocol}{variant}: {verdict}"


def environment_words(table: Table) -> Iterator[str]:
    """Yield the machines, versions and commits of the runs, each once."""
    found = [run.environment for run in runs(table)]
    for key in (*ENVIRONMENT, "git commit"):
        values = sorted({str(one[key]) for one in found if one.get(key) is not None})
        if values:
            yield f"{key}: {', '.join(values)}"


def _readings(run: TableRun) -> Iterator[dict[str, object]]:
    verdict, parameters = judge(run.summary), run.summary.parameters
    for key, one in run.summary.scores.items():
        low, high = interval(one) if "intervals" in one else ("", "")
        yield {
            "differs": run.variant,
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
    return "| " + " | ".join(escape_markdown(value) for value in values) + " |"
