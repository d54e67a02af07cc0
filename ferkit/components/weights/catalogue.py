"""The catalogue of pretrained weights, and the files behind it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ferkit.components.weights.entry import Weights
from ferkit.errors import ComponentError, WeightsError

if TYPE_CHECKING:
    from ferkit.components.registry import Registry


def catalogue() -> list[Weights]:
    """Every entry that a plugin offers, by name, but those that can't be loaded."""
    registry = _offers()
    entries = []
    for name in registry.names("weights"):
        with suppress(ComponentError):
            entries.append(_load(registry, name))
    return entries


def find_entry(name: str) -> Weights:
    """Raises WeightsError with the closest name, ComponentError where the entry can't be loaded."""
    from ferkit.messages import suggest

    registry = _offers()
    known = registry.names("weights")
    if name not in known:
        raise WeightsError(f"no weights are called {name!r}. {suggest(name, known)}")
    return _load(registry, name)


def _load(registry: Registry, name: str) -> Weights:
    component = registry.get("weights", name)
    entry = component.load()
    if not isinstance(entry, Weights):
        raise ComponentError(f"weights {name!r}: {component.target} is {entry!r}; expected a Weights")
    return entry


def _offers() -> Registry:
    """All plugins, those that a recipe named among them."""
    from ferkit.components.discovery import load_plugins, named_modules

    return load_plugins(named_modules)


def is_present(name: str) -> bool:
    """Whether the file is in the cache; nothing is fetched."""
    from ferkit.components.weights.fetch import cached_path

    return os.path.exists(cached_path(find_entry(name)))


def load_weights(name: str) -> tuple[Weights, Path]:
    """The entry, and its verified file in the cache; fetched first if need be. Raises WeightsError."""
    from ferkit.components.weights.fetch import ensure

    entry = find_entry(name)
    return entry, ensure(entry)
