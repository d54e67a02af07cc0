"""Find the plugin whose code raised an unexpected exception."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

from ferkit.components.provider import PROJECT, hint, is_own, module_of
from ferkit.components.registry import Registry
from ferkit.components.tracebacks import say
from ferkit.errors import ComponentError


def find_culprit(error: BaseException, registry: Registry) -> ComponentError | None:
    """Return an error that names the plugin, or None if ferkit or a bundled plugin raised the exception.

    The deepest call in code of a plugin or of ferkit decides. Calls of other libraries are ignored.
    """
    if isinstance(error.__cause__, StopIteration):  # Python raises a RuntimeError at the caller (PEP 479)
        error = error.__cause__
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
                f"{type(error).__name__}: {say(error)}. {hint(provider)}"
            )
    return None


def _owner(module: str, owners: Mapping[str, str]) -> str | None:
    """Return the owner of a module or of its package."""
    while module:
        if module in owners:
            return owners[module]
        module = module.rpartition(".")[0]
    return None
