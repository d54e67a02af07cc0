"""The command `ferkit plugins`."""

from __future__ import annotations

import typer

from ferkit.cli.plugins.check import check
from ferkit.cli.plugins.new import new
from ferkit.cli.plugins.show import show

NARROW = 100
"""Width below which the table has no column for the provider."""

app = typer.Typer()


@app.callback(invoke_without_command=True)
def plugins(context: typer.Context) -> None:
    """List components, their providers and broken plugins.

    Without a command, all components are listed.

    Example: ferkit plugins

    Docs: docs/site/plugins.md
    """
    if context.invoked_subcommand is None:
        list_plugins()


@app.command("list")
def list_plugins() -> None:
    """List components, their providers and broken plugins.

    Example: ferkit plugins list

    Docs: docs/site/plugins.md
    """
    from rich.markup import escape

    from ferkit.cli.tables import make_console, make_table
    from ferkit.components.discovery import load_plugins

    registry = load_plugins()
    console = make_console()
    headings = ("kind", "name", "summary", "provided by")[: 3 if console.width < NARROW else 4]
    table = make_table(headings)
    for column in table.columns[:2]:
        column.no_wrap = True
    for entry in registry.entries():
        component = entry.component
        row = (component.kind, component.name, component.summary, entry.provider)
        table.add_row(*(escape(cell) for cell in row[: len(headings)]))
    console.print(table)
    for broken in registry.broken:
        console.print(escape(f"broken: {broken.provider}: {broken.problem}. {broken.hint}"), soft_wrap=True)


app.command()(show)
app.command()(check)
app.command()(new)
