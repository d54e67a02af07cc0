"""The components' reference, from the registry: what `ferkit plugins show` prints of each."""

from __future__ import annotations

from docs.hooks.tables import code, paragraphs, plain, table
from ferkit.components.component import KINDS
from ferkit.components.discovery import load_plugins
from ferkit.components.documentation import documentation, options
from ferkit.components.provider import is_own, module_of
from ferkit.components.registry import Entry, Registry

INTRODUCTION = """\
# Components

Everything that comes with ferkit and that a recipe can name, by kind. `ferkit plugins` lists what is
installed on your machine, other people's plugins included; `ferkit plugins show NAME` prints what stands
here.
"""


def component_reference() -> str:
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
    return table(("name", "what it is", "provided by"), rows)


def anchor(entry: Entry) -> str:
    return f"{entry.component.kind}.{entry.component.name}"


def _described(entry: Entry, registry: Registry) -> str:
    component = entry.component
    heading = f"### `{component.name}` {{#{anchor(entry)}}}"
    text = documentation(component)
    if component.kind == "weights":
        facts = [line.partition(": ") for line in text.splitlines()]
        return f"{heading}\n\n" + table(("", ""), [(name, code(told)) for name, _, told in facts])
    found = options(component, registry)
    rows = [(code(one.name), plain(one.takes), code(one.default)) for one in found]
    listed = table(("option", "takes", "default"), rows) if rows else "It has no options.\n"
    return f"{heading}\n\n{paragraphs(text, [one.name for one in found])}\n{listed}"
