"""The one hook that plugins implement."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from ferkit.components.component import Component

PROJECT = "ferkit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


CONTRACT_VERSION = 1
"""Of the hook, the interfaces and all that ferkit.plugin offers: raised where a plugin that worked would no
longer. A plugin may say for which it was made: `ferkit_contract = 1` in the module with its hook."""


class Hooks:
    @hookspec
    def ferkit_components(self) -> Iterable[Component]:  # type: ignore[empty-body]
        """The components this plugin offers, as references; import nothing heavy here."""
