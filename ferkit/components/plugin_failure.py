"""An exception that nobody expected: which plugin's code raised it, if any."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

from ferkit.components.provider import PROJECT, hint, is_own, module_of
from ferkit.components.registry import Registry
from ferkit.errors import ComponentError


def find_culprit(error: BaseException, registry: Registry) -> ComponentError | None:
    """What to tell in its place where it came out of a plugin that is not ferkit's own; else None.

    The deepest call of a plugin's own code is what counts, whatever library it called in turn, unless that
    was ferkit itself: a problem of the core is not the plugin's.
    """
    owners = {module_of(entry.provider): entry.provider for entry in registry.entries()}
    owners |= {entry.component.target.partition(":")[0]: entry.provider for entry in registry.entries()}
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = str(frame.f_globals.get("__name__", ""))
        provider = _owner(module, owners)
        is_core = provider is None and module.partition(".")[0] == PROJECT
        if is_core or (provider and is_own(provider)):
            return None
        if provider:
            where = f"{Path(frame.f_code.co_filename).name}:{line}"
            return ComponentError(
                f"the plugin {provider} failed in {frame.f_code.co_name} ({where}): "
                f"{type(error).__name__}: {error}. {hint(provider)}"
            )
    return None


def _owner(module: str, owners: Mapping[str, str]) -> str | None:
    """Of a module, or of the package that it is in."""
    while module:
        if module in owners:
            return owners[module]
        module = module.rpartition(".")[0]
    return None
