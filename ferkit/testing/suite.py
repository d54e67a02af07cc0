"""Find all checks of a plugin."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Mapping

from ferkit.components.discovery import find_providers, load_plugins
from ferkit.components.provider import module_of, not_installed
from ferkit.components.registry import Registry
from ferkit.errors import ComponentError
from ferkit.messages import suggest
from ferkit.testing.check import CHECKS_BY_KIND, Check
from ferkit.testing.checks.plugin import Plugin
from ferkit.testing.component_under_test import ComponentUnderTest, Options

ROOMS = (
    "component",
    "module",
    "backbone",
    "head",
    "output",
    "loss",
    "augmentation",
    "optimizer",
    "scheduler",
    "callback",
    "descriptor",
    "detector",
    "dataset",
    "estimator",
    "convolution",
    "weights",
)
"""Modules ferkit/testing/checks/<room>.py with checks of components."""


def load_checks() -> None:
    """Fill CHECKS_BY_KIND."""
    for room in ROOMS:
        importlib.import_module(f"ferkit.testing.checks.{room}")


def find_checks(
    package: str, options: Mapping[str, Options] | None = None, image_size: int = 96
) -> list[Check]:
    """Find every check of a plugin and its components.

    Args:
        package: Name of a module, an installed distribution, or an entry point.
        options: Component, such as "head.maxpool", to its options. Set required options, and options
            that make the checks faster.
        image_size: Width and height of the images for backbones, in pixels.

    Returns:
        The checks of the plugin, then of each component.

    Raises:
        ComponentError: No plugin or component has that name.
    """
    load_checks()
    providers = find_providers(package)
    if not providers and not _is_module(package):
        raise ComponentError(
            f"no plugin or module is called {package!r}. {suggest(package, find_providers())}"
        )
    registry = load_plugins([] if providers else [package], not_installed)
    wanted = providers or [not_installed(package)]
    subjects = [one for one in _subjects(registry, options or {}, image_size) if one.provider in wanted]
    known = [str(subject) for subject in subjects]
    is_broken = any(one.provider in wanted for one in registry.broken)
    if (unknown := sorted(set(options or ()) - set(known))) and not is_broken:  # a check reports the error
        raise ComponentError(f"options: {package} provides no {unknown[0]!r}. {suggest(unknown[0], known)}")
    plugins = [_plugin(registry, provider, subjects) for provider in wanted]
    checks = [Check(plugin, one) for plugin in plugins for one in CHECKS_BY_KIND["plugin"]]
    return checks + [Check(one, held) for one in subjects for held in CHECKS_BY_KIND[one.component.kind]]


def _subjects(
    registry: Registry, options: Mapping[str, Options], image_size: int
) -> Iterator[ComponentUnderTest]:
    for entry in registry.entries():
        key = f"{entry.component.kind}.{entry.component.name}"
        yield ComponentUnderTest(entry.component, registry, entry.provider, options.get(key, {}), image_size)


def _plugin(registry: Registry, provider: str, subjects: list[ComponentUnderTest]) -> Plugin:
    broken = next((one for one in registry.broken if one.provider == provider), None)
    count = sum(subject.provider == provider for subject in subjects)
    return Plugin(module_of(provider), provider, count, broken)


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
