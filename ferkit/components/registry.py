"""Components by kind and name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ferkit.components.component import Component
from ferkit.errors import ComponentError, Problem
from ferkit.messages import find_closest, suggest


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


@dataclass(frozen=True, slots=True)
class UnknownComponent(Problem):
    """A component that no plugin provides.

    Attributes:
        component: Kind and name, such as "loss 'focal'".
        meant: A component of the same kind with a similar name, or "".
    """

    component: str = ""
    meant: str = ""

    @classmethod
    def of(cls, where: str, message: str, kind: str, name: str, known: Iterable[str]) -> UnknownComponent:
        return cls(where, message, "", f"{kind} {name!r}", find_closest(name, known) or "")


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

    def find_unknown(self, kind: str, name: str, where: str) -> list[Problem]:
        """Return the problem of a recipe's component that is not there, or an empty list."""
        try:
            self.get(kind, name)
        except ComponentError as error:
            return [UnknownComponent.of(where, str(error), kind, name, self.names(kind))]
        return []

    def say_broken(self) -> str:
        """List the broken plugins, one of which may have the missing component."""
        broken = "; ".join(f"{one.provider}: {one.problem}" for one in self.broken)
        return f" Ignored broken plugins (see `ferkit plugins`): {broken}." if broken else ""

    def provider(self, kind: str, name: str) -> str:
        """Return the provider of a component, which must exist."""
        return self._entries[kind, name].provider
