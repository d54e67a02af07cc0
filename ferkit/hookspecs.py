"""The one hook that plugins implement."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from ferkit.component import Component

PROJECT = "ferkit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    @hookspec
    def ferkit_components(self) -> Iterable[Component]:  # type: ignore[empty-body]
        """The components this plugin offers, as references; import nothing heavy here."""
