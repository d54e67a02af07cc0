"""The command `ferkit table`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    terminal = "terminal"
    markdown = "markdown"
    csv = "csv"
    html = "html"


TableName = Annotated[
    str,
    typer.Option(
        "--table", metavar="NAME", help="A TOML file with the table's rows, or the name of a shipped table."
    ),
]


def table(
    runs: Annotated[
        list[Path] | None, typer.Argument(help="Run folders. [default: all finished runs in runs/]")
    ] = None,
    name: TableName = "sfew",
    written_as: Annotated[
        Format | None,
        typer.Option("--format", help="Output format. [default: by the suffix of --out, else terminal]"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write the table to a .md, .csv or .html file."),
    ] = None,
) -> None:
    """Compare runs with the numbers of a paper in one table.

    By default the table has the rows of the shipped table sfew, and shows all finished runs in runs/. The
    suffix of --out selects the format. Without --out the table is printed.

    Example: ferkit table runs/* --out table.md

    Docs: docs/site/paper.md
    """
    from ferkit.cli.tables import fits, make_console
    from ferkit.messages import count_of, printable
    from ferkit.report.table.columns import notes
    from ferkit.report.table.definition import read_definition
    from ferkit.report.table.entries import make_table
    from ferkit.report.table.formats import to_csv, to_html, to_markdown, to_stacked, to_terminal
    from ferkit.runtime.atomic_write import write_text

    made = make_table(read_definition(name), runs or finished_runs())
    chosen = written_as or format_of(out)
    if chosen is Format.terminal:
        console = make_console()
        wide = to_terminal(made)
        console.print(wide if fits(console, wide) else to_stacked(made), highlight=False)
        for line in (*notes(made), *made.missing):
            console.print(printable(line), style="dim", highlight=False, markup=False)
    else:
        write = {Format.markdown: to_markdown, Format.csv: to_csv, Format.html: to_html}[chosen]
        text = write(made)
        if out is None:
            typer.echo(text, nl=False)
        else:
            write_text(out, text)
            typer.echo(f"{out}: {count_of(len(made.lines), 'line')}")
    for words in made.left_out:
        typer.echo(f"not shown: {words}", err=True)


def finished_runs() -> list[Path]:
    from ferkit.cli.run import RUNS

    return sorted(file.parent for file in RUNS.glob("*/summary.json"))


def format_of(out: Path | None) -> Format:
    """Return the format for a file's suffix. Raises typer.BadParameter for any other suffix."""
    if out is None:
        return Format.terminal
    endings = {".md": Format.markdown, ".csv": Format.csv, ".html": Format.html}
    if out.suffix not in endings:
        raise typer.BadParameter(
            f"Cannot choose a format for --out {out}: expected the suffix {', '.join(endings)}. "
            "Rename the file or give --format."
        )
    return endings[out.suffix]
