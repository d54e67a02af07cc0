"""Components of several runs, each with its own options in brackets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ferkit.report.table.settings import UNSET, Setting, Settings, comparable

NAME = ".name"


def fold_options(rows: Sequence[Settings]) -> tuple[list[Settings], tuple[str, ...]]:
    """Write the options of components that differ in brackets: "sgd (momentum = 0.9)".

    Options that all components have, such as fit.optimizer.lr, stay separate settings.

    Returns:
        The new settings, and the prefixes of the sections whose components differ, such as "fit.optimizer.".
    """
    found = [dict(row) for row in rows]
    differing: list[str] = []
    slots = {key: None for row in rows for key in row if key.endswith(NAME)}
    for slot in sorted(slots, key=lambda key: key.count(".")):
        prefix = slot.removesuffix("name")
        if prefix.startswith(tuple(differing)):
            continue
        for members in comparable(slot, rows):
            if len({rows[index].get(slot, UNSET).same for index in members}) > 1:
                differing.append(prefix)
                _fold(slot, [found[index] for index in members])
    return [*found], tuple(differing)


def _fold(slot: str, rows: Sequence[dict[str, Setting]]) -> None:
    """Move the options that not all rows have into the setting of the component."""
    prefix = slot.removesuffix("name")
    shared = set.intersection(*(set(row) for row in rows))
    for row in rows:
        own = [key for key in row if key.startswith(prefix) and key != slot and key not in shared]
        if slot in row and own:
            options = {key: row.pop(key) for key in own}
            row[slot] = _with_options(row[slot], dict(_short_names(options, prefix)))


def _short_names(options: Settings, prefix: str) -> Iterator[tuple[str, Setting]]:
    for key, one in options.items():
        yield key.removeprefix(prefix).removesuffix(NAME), one


def _with_options(component: Setting, options: Settings) -> Setting:
    same = json.dumps([component.same, sorted((key, one.same) for key, one in options.items())])
    words = ", ".join(f"{key} = {one.shown}" for key, one in options.items())
    return Setting(same, f"{component.shown} ({words})")
