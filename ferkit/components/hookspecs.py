"""The hook that plugins implement."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from ferkit.components.component import Component

PROJECT = "ferkit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Decorator of the hook `ferkit_components` in a plugin."""

CONTRACT_VERSION = 1
"""Version of `ferkit.plugin`: hook, interfaces and functions.

A change that breaks working plugins increases it. A plugin states its version with `ferkit_contract = 1` in
the module of its hook.
"""


class Hooks:
    """The specification of the hook."""

    @hookspec
    def ferkit_components(self) -> Iterable[Component]:  # type: ignore[empty-body]
        """List the components of the plugin. Do not import torch or numpy here."""
