"""The catalogue of pretrained weights, and the files behind it."""

from __future__ import annotations

from pathlib import Path
from typing import NewType

from ferkit.errors import WeightsError
from ferkit.weights.entry import Weights

WeightsName = NewType("WeightsName", str)
"""The type of an option that names an entry of the catalogue, or "none".

An option of this type is checked against the catalogue with the rest of the recipe, before anything
is fetched.
"""


def catalogue() -> list[Weights]:
    """Every entry that a plugin offers, by name."""
    from ferkit.discovery import load_plugins

    registry = load_plugins()
    return [registry.get("weights", name).load() for name in registry.names("weights")]


def find_entry(name: str) -> Weights:
    """Raises WeightsError with the closest name."""
    from ferkit.registry import suggest

    entries = {entry.name: entry for entry in catalogue()}
    if name not in entries:
        raise WeightsError(f"no weights are called {name!r}. {suggest(name, entries)}")
    return entries[name]


def is_present(name: str) -> bool:
    """Whether the file is in the cache; nothing is fetched."""
    from ferkit.weights.fetch import cached_path

    return cached_path(find_entry(name)).exists()


def load_weights(name: str) -> tuple[Weights, Path]:
    """The entry, and its verified file in the cache; fetched first if need be. Raises WeightsError."""
    from ferkit.weights.fetch import ensure

    entry = find_entry(name)
    return entry, ensure(entry)
