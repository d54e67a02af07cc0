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
    """List the entries of all plugins by name, without those that cannot be loaded."""
    registry = _offers()
    entries = []
    for name in registry.names("weights"):
        with suppress(ComponentError):
            entries.append(_load(registry, name))
    return entries


def find_entry(name: str) -> Weights:
    """Find an entry by name.

    Raises:
        WeightsError: There is no such entry; the message has the closest name.
        ComponentError: The entry cannot be loaded.
    """
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
    """Load all plugins, including those that a recipe named."""
    from ferkit.components.discovery import load_plugins, named_modules

    return load_plugins(named_modules)


def is_present(name: str) -> bool:
    """Return true if the file is in the cache. Downloads nothing."""
    from ferkit.components.weights.fetch import cached_path

    return os.path.exists(cached_path(find_entry(name)))


def load_weights(name: str) -> tuple[Weights, Path]:
    """Return an entry and its verified file in the cache, downloaded first if needed.

    Call `accept_weights` once the network has taken the tensors.

    Raises:
        WeightsError: The file is not available, or not the expected one.
    """
    from ferkit.components.weights.fetch import ensure

    entry = find_entry(name)
    return entry, ensure(entry)
