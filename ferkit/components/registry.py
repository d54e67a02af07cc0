"""Components by kind and name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ferkit.components.component import Component
from ferkit.errors import ComponentError
from ferkit.messages import suggest


@dataclass(frozen=True, slots=True)
class Entry:
    """A component with its provider, such as "ferkit_detectors (ferkit 0.1.0)"."""

    component: Component
    provider: str


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A plugin that cannot be used.

    Attributes:
        provider: Module, distribution and version.
        problem: The error.
        hint: How to fix it.
    """

    provider: str
    problem: str
    hint: str


class NameTakenError(ComponentError):
    """Two components of the same kind have the same name."""


class Registry:
    """The components of all plugins, and the broken plugins."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}
        self.broken: list[BrokenPlugin] = []

    def add(self, components: Iterable[Component], provider: str) -> None:
        """Add all components of a plugin. Raises NameTakenError and adds none if a name is taken."""
        fresh: dict[tuple[str, str], Entry] = {}
        for component in components:
            key = (component.kind, component.name)
            if taken := self._entries.get(key) or fresh.get(key):
                raise NameTakenError(
                    f"{component.kind} {component.name!r} is already provided by {taken.provider}"
                )
            fresh[key] = Entry(replace(component, provider=provider), provider)
        self._entries.update(fresh)

    def entries(self) -> Sequence[Entry]:
        """Return all components, sorted by kind and name."""
        return [self._entries[key] for key in sorted(self._entries)]

    def names(self, kind: str) -> Sequence[str]:
        return sorted(name for its_kind, name in self._entries if its_kind == kind)

    def get(self, kind: str, name: str) -> Component:
        """Return a component. Raises ComponentError with the closest name and all others."""
        try:
            return self._entries[kind, name].component
        except KeyError:
            known = suggest(name, self.names(kind))
            raise ComponentError(f"no {kind} is called {name!r}. {known}{self.say_broken()}") from None

    def say_broken(self) -> str:
        """List the broken plugins, one of which may have the missing component."""
        broken = "; ".join(f"{one.provider}: {one.problem}" for one in self.broken)
        return f" Ignored broken plugins (see `ferkit plugins`): {broken}." if broken else ""

    def provider(self, kind: str, name: str) -> str:
        """Return the provider of a component, which must exist."""
        return self._entries[kind, name].provider
