"""The reference of the components, from the registry."""

from __future__ import annotations

from docs.hooks.docstrings import read_docstring
from docs.hooks.tables import code, plain, table
from ferkit.components.component import KINDS
from ferkit.components.discovery import load_plugins
from ferkit.components.documentation import documentation, options
from ferkit.components.provider import is_own, module_of
from ferkit.components.registry import Entry, Registry

INTRODUCTION = """\
# Components

This page lists every built-in component by kind. `ferkit plugins` also lists those of other installed
packages. `ferkit plugins show NAME` prints one of them.
"""


def component_reference() -> str:
    """Every built-in component with its options."""
    registry = load_plugins()
    parts = [INTRODUCTION]
    for kind in KINDS:
        entries = [one for one in registry.entries() if one.component.kind == kind and is_own(one.provider)]
        parts += [f"## {kind}", _overview(entries), *(_described(one, registry) for one in entries)]
    return "\n\n".join(parts)


def _overview(entries: list[Entry]) -> str:
    rows = [
        (
            f"[{one.component.name}](#{anchor(one)})",
            plain(one.component.summary),
            code(module_of(one.provider)),
        )
        for one in entries
    ]
    return table(("name", "description", "provided by"), rows)


def written(default: str) -> str:
    """Format a default; "required" and "none" are no values."""
    return default if default in ("required", "none") else code(default)


def anchor(entry: Entry) -> str:
    """Return the id that a heading `kind name` gets on GitHub and on the site."""
    return f"{entry.component.kind}-{entry.component.name}"


def _described(entry: Entry, registry: Registry) -> str:
    component = entry.component
    heading = f"### {component.kind} `{component.name}`"
    text = documentation(component)
    if component.kind == "weights":
        facts = [line.partition(": ") for line in text.splitlines()]
        return f"{heading}\n\n" + table(("", ""), [(name, code(value)) for name, _, value in facts])
    found = options(component, registry)
    read = read_docstring(text, [one.name for one in found])
    rows = [
        (code(one.name), plain(one.takes), written(one.default), read.items.get(one.name, ""))
        for one in found
    ]
    listed = table(("option", "takes", "default", "description"), rows) if rows else "It has no options.\n"
    return f"{heading}\n\n{read.prose}\n\n{listed}"
