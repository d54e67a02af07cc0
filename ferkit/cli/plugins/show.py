"""`ferkit plugins show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ferkit.errors import ComponentError

if TYPE_CHECKING:
    from ferkit.components.component import Component
    from ferkit.components.registry import Registry


def show(
    name: Annotated[str, typer.Argument(help="A component's name, or KIND.NAME where several have it.")],
) -> None:
    """Print the documentation, options, defaults and provider of a component.

    Example: ferkit plugins show mtcnn

    Docs: docs/site/plugins.md
    """
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ferkit.components.discovery import load_plugins
    from ferkit.components.documentation import documentation, options

    registry = load_plugins()
    component = find_component(registry, name)
    text, rows = documentation(component), options(component, registry)
    console = Console(highlight=False)
    console.print(f"[bold]{escape(f'{component.kind} {component.name}')}[/]: {escape(component.summary)}")
    console.print(escape(f"provided by {registry.provider(component.kind, component.name)}"), soft_wrap=True)
    console.print(escape(f"defined in {component.target}"), soft_wrap=True)
    if text:
        console.print(f"\n{escape(text)}", soft_wrap=True)
    if rows:
        table = Table(box=box.SIMPLE, pad_edge=False)
        for column in ("option", "takes", "default"):
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*map(escape, (row.name, row.takes, row.default)))
        console.print(table)
    elif component.kind != "weights":
        console.print("\nIt has no options.")


def find_component(registry: Registry, name: str) -> Component:
    """Raises ComponentError where nothing is called so, or components of several kinds are."""
    kind, _, rest = name.partition(".")
    entries = registry.entries()
    kinds = [entry.component.kind for entry in entries if entry.component.name == name]
    if len(kinds) == 1:
        return registry.get(kinds[0], name)
    if kinds:
        ways = ", ".join(f"ferkit plugins show {one}.{name}" for one in kinds)
        raise ComponentError(f"components of {len(kinds)} kinds are called {name!r}: {ways}")
    if rest and kind in {entry.component.kind for entry in entries}:
        return registry.get(kind, rest)
    from ferkit.messages import suggest

    known = {entry.component.name for entry in entries}
    raise ComponentError(f"no component is called {name!r}. {suggest(name, known)}{registry.say_broken()}")
