"""Tables and texts that fit the terminal."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ferkit.messages import UNLIMITED, wrap

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def make_console() -> Console:
    """Return a console with the width of the terminal, of $COLUMNS, or of a pipe."""
    from rich import console

    made = console.Console()
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = UNLIMITED
    return made


def make_table(headings: Sequence[str]) -> Table:
    """Return an empty table whose cells wrap between words."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def fits(console: Console, table: Table) -> bool:
    """Return True if no cell of the table has to wrap."""
    options = console.options.update(max_width=UNLIMITED)
    return console.measure(table, options=options).maximum <= console.width


def say(text: str) -> None:
    """Print a line, wrapped between words to the width of the terminal."""
    import typer

    indent = len(text) - len(text.lstrip()) + 2
    typer.echo(wrap(text, make_console().width, indent))


def reflow(text: str, width: int) -> str:
    """Wrap the paragraphs of a docstring, and each entry of a section such as `Args:`."""
    paragraphs: list[str] = []
    for line in text.splitlines():
        last = paragraphs[-1] if paragraphs else ""
        depth, before = (len(one) - len(one.lstrip()) for one in (line, last))
        is_further = bool(line.strip() and last.strip()) and not last.endswith(":")
        if is_further and (depth > before or depth == before == 0) and not line.startswith("- "):
            paragraphs[-1] = f"{last} {line.strip()}"
        else:
            paragraphs.append(line)
    indents = [len(one) - len(one.lstrip()) for one in paragraphs]
    return "\n".join(wrap(one, width, n + 4 if n else 0) for one, n in zip(paragraphs, indents, strict=True))
