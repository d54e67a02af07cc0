"""(kind, name) -> component."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ferkit.components.component import Component
from ferkit.errors import ComponentError
from ferkit.messages import suggest


@dataclass(frozen=True, slots=True)
class Entry:
    """A component, who provides it ("ferkit_detectors (ferkit 0.1.0)"), and whether ferkit itself does."""

    component: Component
    provider: str


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A plugin that could not be used: whose, why, and what to do."""

    provider: str
    problem: str
    hint: str


class NameTakenError(ComponentError):
    """Two plugins, or one twice, offer one kind of component under one name."""


class Registry:
    """What all plugins offer together, and which of them are broken."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}
        self.broken: list[BrokenPlugin] = []

    def add(self, components: Iterable[Component], provider: str) -> None:
        """Take a plugin's components, all or none. Raises NameTakenError."""
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
        """All of them, by kind and name."""
        return [self._entries[key] for key in sorted(self._entries)]

    def names(self, kind: str) -> Sequence[str]:
        return sorted(name for its_kind, name in self._entries if its_kind == kind)

    def get(self, kind: str, name: str) -> Component:
        """Raises ComponentError with the closest name and all the others."""
        try:
            return self._entries[kind, name].component
        except KeyError:
            known = suggest(name, self.names(kind))
            raise ComponentError(f"no {kind} is called {name!r}. {known}{self.say_broken()}") from None

    def say_broken(self) -> str:
        """What is not there may be what a broken plugin would have offered."""
        broken = "; ".join(f"{one.provider}: {one.problem}" for one in self.broken)
        return f" Not counting broken plugins (see `ferkit plugins`): {broken}." if broken else ""

    def provider(self, kind: str, name: str) -> str:
        """Who offers it; it must be there."""
        return self._entries[kind, name].provider
