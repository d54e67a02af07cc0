"""`ferkit plugins`."""

from __future__ import annotations


def plugins() -> None:
    """List what recipes can name, who provides it, and what is broken."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ferkit.discovery import load_plugins

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
        console.print(escape(f"broken: {broken.provider}: {broken.problem}. {broken.remedy}"), soft_wrap=True)
