"""`ferkit plugins`."""

from __future__ import annotations

import typer

from ferkit.cli.plugins.check import check
from ferkit.cli.plugins.new import new
from ferkit.cli.plugins.show import show

app = typer.Typer()
app.command()(show)
app.command()(check)
app.command()(new)


@app.callback(invoke_without_command=True)
def plugins(context: typer.Context) -> None:
    """List components, their providers and broken plugins.

    Example: ferkit plugins

    Docs: docs/site/plugins.md
    """
    if context.invoked_subcommand is None:
        list_plugins()


def list_plugins() -> None:
    """One line for each component, and one for each broken plugin."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ferkit.components.discovery import load_plugins

    registry = load_plugins()
    console = Console()
    if not console.is_terminal:
        console.width = 10_000  # one line each, for whatever reads the pipe
    table = Table(box=box.SIMPLE, pad_edge=False)
    for column in ("kind", "name", "summary", "provided by"):
        table.add_column(column, overflow="fold", no_wrap=column in ("kind", "name"))
    for entry in registry.entries():
        component = entry.component
        row = (component.kind, component.name, component.summary, entry.provider)
        table.add_row(*(escape(cell) for cell in row))
    console.print(table)
    for broken in registry.broken:
        console.print(escape(f"broken: {broken.provider}: {broken.problem}. {broken.hint}"), soft_wrap=True)
