"""Finds plugins: installed ones by their entry points, and modules that a recipe names.

pluggy's own loader stops at the first plugin that fails to import, so the loop here is ferkit's: each
plugin is tried in a manager of its own, a broken one is noted, and the rest work.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any

import pluggy

from ferkit.components.component import Component
from ferkit.components.hookspecs import CONTRACT_VERSION, PROJECT, Hooks
from ferkit.components.provider import hint, installed, module_of, named
from ferkit.components.registry import BrokenPlugin, NameTakenError, Registry
from ferkit.components.tracebacks import describe, describe_call, is_interrupt
from ferkit.errors import ComponentError
from ferkit.messages import suggest

UNKNOWN_HOOK = re.compile(r"unknown hook '(\w+)'")
HOOKS = [name for name in vars(Hooks) if name.startswith("ferkit_")]

named_modules: list[str] = []
"""Modules that this process's recipes have named: weights that they offer are looked up long after."""


def load_plugins(modules: Iterable[str] = (), name: Callable[[str], str] = named) -> Registry:
    """All installed plugins and the named modules, ferkit's own first so that no other takes their names.

    A module that is installed as a plugin too is taken once. name: makes the modules' provider.
    """
    registry = Registry()
    modules = list(modules)
    named_modules.extend(module for module in modules if module not in named_modules)
    for provider, point in _installed():
        _add(registry, provider, point.load)
    for module in modules:
        if module not in {module_of(entry.provider) for entry in registry.entries()}:
            _add(registry, name(module), partial(importlib.import_module, module))
    return registry


def import_from_here() -> None:
    """Put the working directory first on Python's path, if it is not there: modules in it can be named."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())


def find_providers(name: str = "") -> list[str]:
    """The installed plugins of a module, distribution or entry point; without a name, all the modules."""
    if not name:
        return [point.value for _, point in _installed()]
    plain = _plain(name)
    return [
        provider
        for provider, point in _installed()
        if name in (point.value, point.name) or (point.dist and _plain(point.dist.name) == plain)
    ]


def _plain(name: str) -> str:
    """A distribution's name as the package index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed() -> list[tuple[str, EntryPoint]]:
    """Entry points in the group "ferkit", each once, sorted: ferkit's own, then by name.

    Of two distributions of one name only the first on Python's path is the one that is imported.
    """
    found: dict[tuple[str, str], tuple[bool, str, EntryPoint]] = {}
    seen: set[str] = set()
    for distribution in distributions():
        if not (points := _entry_points(distribution)):
            continue  # its name, which takes time to read, is not needed
        name = distribution.name or "unknown"
        if (plain := _plain(name)) in seen:
            continue
        seen.add(plain)
        for point in points:
            provider = installed(point.value, name, distribution.version)
            found.setdefault((name, point.value), (name != PROJECT, provider, point))
    ordered = sorted(found.values(), key=lambda item: (item[0], item[2].name, item[1]))
    return [(provider, point) for _, provider, point in ordered]


def _entry_points(distribution: Distribution) -> list[EntryPoint]:
    """Those in the group "ferkit"; none of a distribution whose lists can't be read, be it anyone's."""
    try:
        return [point for point in distribution.entry_points if point.group == PROJECT]
    except Exception:
        return []


def _add(registry: Registry, provider: str, load: Callable[[], Any]) -> None:
    try:
        registry.add(_components(load()), provider)
    except OtherContract as error:
        registry.broken.append(BrokenPlugin(provider, str(error), error.hint(provider)))
    except NameTakenError as error:
        registry.broken.append(BrokenPlugin(provider, str(error), f"It needs another name. {hint(provider)}"))
    except BaseException as error:  # a module may end in sys.exit()
        if is_interrupt(error):
            raise
        registry.broken.append(BrokenPlugin(provider, _describe(error, provider), hint(provider)))


def _describe(error: BaseException, provider: str) -> str:
    """What ferkit says of it as it is said; what the plugin's own code raised with its line."""
    if isinstance(error, pluggy.PluginValidationError) and (found := UNKNOWN_HOOK.search(str(error))):
        return f"it has an {found[0]}. {suggest(found[1], HOOKS)}".rstrip(".")
    if isinstance(error, ComponentError | pluggy.PluginValidationError | SyntaxError):
        return str(error)
    if isinstance(error, ImportError):
        return f"it can't be imported: {error}{describe_call(error, module_of(provider))}"
    return describe(error, module_of(provider))


class OtherContract(Exception):  # noqa: N818  never leaves this module
    """A plugin that was made for another version of the contract."""

    def __init__(self, version: object) -> None:
        self.is_newer = isinstance(version, int) and version > CONTRACT_VERSION
        super().__init__(
            f"it is made for version {version} of ferkit's plugin contract, and this ferkit has "
            f"{CONTRACT_VERSION}"
        )

    def hint(self, provider: str) -> str:
        return "Update ferkit: pip install --upgrade ferkit" if self.is_newer else hint(provider)


def _components(plugin: object) -> list[Component]:
    """What the plugin's hook returns. Raises where it has no hook, misspells it or returns other things."""
    if (version := getattr(plugin, "ferkit_contract", CONTRACT_VERSION)) != CONTRACT_VERSION:
        raise OtherContract(version)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(plugin)
    manager.check_pending()
    answers = manager.hook.ferkit_components()
    if not answers:
        raise ComponentError(
            "it has no function ferkit_components marked with @hookimpl, or one that gives None"
        )
    if not isinstance(answers[0], Iterable):
        raise ComponentError(f"ferkit_components gave {answers[0]!r}, which is no list of Components")
    components = list(answers[0])
    for component in components:
        if not isinstance(component, Component):
            raise ComponentError(f"ferkit_components gave {component!r}, which is no Component")
    return components
