"""What each wrong component is wrong in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ferkit.components.component import Component, Kind
from ferkit.components.discovery import load_plugins
from ferkit.components.registry import Registry
from ferkit.testing.component_under_test import ComponentUnderTest, Options

SUMMARY = "A component of a test"


@dataclass(frozen=True)
class Case:
    """A component that fails a check, and those others that it fails for the same reason."""

    component: Component
    check: str
    also: frozenset[str] = frozenset()
    options: Options | None = None

    def __str__(self) -> str:
        return f"{self.component.kind}-{self.check}"

    def subject(self, defaults: Mapping[str, Options]) -> ComponentUnderTest:
        registry = registry_with(self.component)
        given = self.options if self.options is not None else defaults.get(self.component.kind, {})
        return ComponentUnderTest(self.component, registry, "wrong (wrong 1.0)", given, image_size=32)


CASES: list[Case] = []


def fails(
    kind: str, check: str, *also: str, summary: str = SUMMARY, options: Options | None = None
) -> Callable[[Any], Any]:
    """Marks a class as one that fails a check of its kind. It takes its base's documentation."""

    def put(target: Any) -> Any:
        if "__doc__" not in vars(target) or target.__doc__ is None:
            target.__doc__ = next((base.__doc__ for base in target.__mro__[1:] if base.__doc__), None)
        component = reference(kind, target, summary)
        CASES.append(Case(component, check, frozenset(also), options))
        return target

    return put


def reference(kind: str, target: Any, summary: str = SUMMARY) -> Component:
    return Component(cast("Kind", kind), "wrong", f"{target.__module__}:{target.__name__}", summary)


def registry_with(component: Component) -> Registry:
    """The component among the installed ones."""
    registry = load_plugins()
    registry.add([component], "wrong (wrong 1.0)")
    return registry
