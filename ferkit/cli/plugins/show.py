"""The command `ferkit plugins show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ferkit.errors import ComponentError

if TYPE_CHECKING:
    from ferkit.components.component import Component
    from ferkit.components.registry import Registry

LINE = 100
"""Maximum width of text, in characters."""


def show(
    name: Annotated[str, typer.Argument(help="A component's name, or KIND.NAME if the name is ambiguous.")],
) -> None:
    """Print a component's documentation, options and defaults.

    Example: ferkit plugins show mtcnn

    Docs: docs/site/plugins.md
    """
    from rich.markup import escape

    from ferkit.cli.tables import make_console, make_table, reflow
    from ferkit.components.discovery import load_plugins
    from ferkit.components.documentation import documentation, options

    registry = load_plugins()
    component = find_component(registry, name)
    text, rows = documentation(component), options(component, registry)
    console = make_console()
    title = f"[bold]{escape(f'{component.kind} {component.name}')}[/]: {escape(component.summary)}"
    console.print(title, highlight=False)
    console.print(escape(f"provided by {registry.provider(component.kind, component.name)}"), highlight=False)
    console.print(escape(f"defined in {component.target}"), highlight=False)
    if text:
        console.print(f"\n{escape(reflow(text, min(console.width, LINE)))}", soft_wrap=True, highlight=False)
    if rows:
        table = make_table(("option", "takes", "default"))
        for row in rows:
            table.add_row(*map(escape, (row.name, row.takes, row.default)))
        console.print(table)
    elif component.kind != "weights":
        console.print("\nNo options.")


def find_component(registry: Registry, name: str) -> Component:
    """Find a component by NAME or KIND.NAME. Raises ComponentError if it is unknown or ambiguous."""
    kind, _, rest = name.partition(".")
    entries = registry.entries()
    kinds = [entry.component.kind for entry in entries if entry.component.name == name]
    if len(kinds) == 1:
        return registry.get(kinds[0], name)
    if kinds:
        ways = ", ".join(f"ferkit plugins show {one}.{name}" for one in kinds)
        raise ComponentError(
            f"Cannot choose a component: {len(kinds)} kinds have one named {name!r}. Use: {ways}"
        )
    if rest and kind in {entry.component.kind for entry in entries}:
        return registry.get(kind, rest)
    from ferkit.messages import suggest

    known = {entry.component.name for entry in entries}
    raise ComponentError(f"Cannot find the component {name!r}. {suggest(name, known)}{registry.say_broken()}")
