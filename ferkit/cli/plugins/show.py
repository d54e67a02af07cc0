"""`ferkit plugins show`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ferkit.errors import ComponentError

if TYPE_CHECKING:
    from ferkit.component import Component
    from ferkit.registry import Registry


def show(
    name: Annotated[str, typer.Argument(help="A component's name, or KIND.NAME where several have it.")],
) -> None:
    """Print a component's documentation, its options with their types and defaults, and who provides it."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ferkit.discovery import load_plugins

    registry = load_plugins()
    component = find_component(registry, name)
    target = component.load()
    console = Console(highlight=False)
    console.print(f"[bold]{escape(f'{component.kind} {component.name}')}[/]: {escape(component.summary)}")
    console.print(escape(f"provided by {registry.provider(component.kind, component.name)}"), soft_wrap=True)
    console.print(escape(f"defined in {component.target}"), soft_wrap=True)
    if text := _documentation(component, target):
        console.print(f"\n{escape(text)}", soft_wrap=True)
    rows = [] if component.kind == "weights" else list(_options(component))
    if rows:
        table = Table(box=box.SIMPLE, pad_edge=False)
        for column in ("option", "takes", "default"):
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*map(escape, row))
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
    from ferkit.registry import suggest

    known = {entry.component.name for entry in entries}
    raise ComponentError(f"no component is called {name!r}. {suggest(name, known)}")


def _documentation(component: Component, target: Any) -> str:
    """A class's docstring; of weights, what their entry says."""
    if component.kind != "weights":
        return inspect.cleandoc(vars(target).get("__doc__") or "")
    facts = {
        "trained on": target.trained_on,
        "licence": target.licence,
        "sha256": target.sha256 or "unpublished",
    }
    return "\n".join(f"{key}: {value}" for key, value in facts.items())


def _options(component: Component) -> list[tuple[str, str, str]]:
    """Name, type in plain words, and default of each option."""
    from ferkit.annotations import describe_type
    from ferkit.options import option_parameters

    return [
        (name, describe_type(parameter.annotation), describe_default(parameter))
        for name, parameter in option_parameters(component).items()
    ]


def describe_default(parameter: inspect.Parameter) -> str:
    """As a recipe would write it."""
    import json

    if parameter.default is parameter.empty:
        return "required"
    if parameter.default is None:
        return "none"
    try:
        return json.dumps(parameter.default, ensure_ascii=False)
    except TypeError:
        return str(parameter.default)
