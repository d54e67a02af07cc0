"""The command `ferkit table`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ferkit.report.table.entries import Table


class Format(StrEnum):
    terminal = "terminal"
    markdown = "markdown"
    csv = "csv"
    html = "html"
    latex = "latex"


ENDINGS = {".md": Format.markdown, ".csv": Format.csv, ".html": Format.html, ".tex": Format.latex}

Runs = Annotated[
    list[Path] | None,
    typer.Argument(help="Folders of runs. [default: all finished runs in runs/]"),
]
TableName = Annotated[
    str | None,
    typer.Option(
        "--table",
        metavar="NAME",
        help="A TOML file with the table's rows, or the name of a shipped table: sfew. "
        "[default: a row per resolved recipe]",
    ),
]
Sort = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Sort by a column: score (highest first), name, recipe, time, parameters or a heading.",
    ),
]
WrittenAs = Annotated[
    Format | None,
    typer.Option("--format", help="Output format. [default: by the suffix of --out, else terminal]"),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Write the table to a .md, .csv, .html or .tex file."),
]
Bold = Annotated[
    bool,
    typer.Option(
        "--bold", help="Print the highest score of each column in bold. For markdown, html and latex."
    ),
]


def table(
    runs: Runs = None,
    name: TableName = None,
    sort: Sort = None,
    written_as: WrittenAs = None,
    out: Out = None,
    bold: Bold = False,
) -> None:
    """Compare runs in one table, or with the numbers of a paper.

    Each resolved recipe is a row, named by its differences from the others. Repeated runs of a recipe
    share its row. With --table, the rows are those of a paper.

    Example: ferkit table runs/* --sort score --out table.tex

    Docs: docs/site/tables.md
    """
    from ferkit.errors import RunError
    from ferkit.evaluation.side_by_side import runs_side_by_side
    from ferkit.experiment.run_names import finished_runs
    from ferkit.messages import count_of
    from ferkit.report.table.definition import read_definition
    from ferkit.report.table.entries import make_table
    from ferkit.report.table.sorting import sort_lines
    from ferkit.runtime.atomic_write import write_text

    chosen = written_as or format_of(out)
    definition = read_definition(name) if name else None
    folders = [one for run in runs or () for one in runs_side_by_side(run) or [run]] or finished_runs()
    if not folders and definition is None:
        raise RunError("Cannot make a table: runs/ has no finished run. Give run folders.")
    made = make_table(definition, folders)
    if sort:
        sort_lines(made, sort)
    if chosen is Format.terminal:
        show(made)
    else:
        text = written(made, chosen, bold)
        if out is None:
            typer.echo(text, nl=False)
        else:
            write_text(out, text)
            typer.echo(f"{out}: a table of {count_of(len(made.lines), 'row')}")
    for words in made.left_out:
        typer.echo(f"not shown: {words}", err=True)


def show(made: Table) -> None:
    """Print a table that fits the terminal, with its notes."""
    from ferkit.cli.tables import fits, make_console
    from ferkit.messages import printable
    from ferkit.report.table.columns import make_grid
    from ferkit.report.table.formats import to_stacked, to_terminal
    from ferkit.report.table.notes import notes

    console = make_console()
    wide = to_terminal(made)
    console.print(wide if fits(console, wide) else to_stacked(made), highlight=False)
    for line in (*notes(made, make_grid(made)), *made.missing):
        console.print(printable(line), style="dim", highlight=False, markup=False)


def written(made: Table, chosen: Format, bold: bool) -> str:
    """Return the text of a file."""
    from ferkit.report.table.formats import to_csv, to_html, to_markdown
    from ferkit.report.table.latex import to_latex

    if chosen is Format.csv:
        return to_csv(made)
    write = {Format.markdown: to_markdown, Format.html: to_html, Format.latex: to_latex}[chosen]
    return write(made, bold)


def format_of(out: Path | None) -> Format:
    """Return the format for a file's suffix. Raises typer.BadParameter for any other suffix."""
    if out is None:
        return Format.terminal
    if out.suffix not in ENDINGS:
        raise typer.BadParameter(
            f"Cannot choose a format for --out {out}: expected the suffix {', '.join(ENDINGS)}. "
            "Rename the file or give --format."
        )
    return ENDINGS[out.suffix]
