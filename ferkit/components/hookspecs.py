"""The hook that plugins implement."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from ferkit.components.component import Component

PROJECT = "ferkit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Decorator of the hook `ferkit_components` in a plugin."""

CONTRACT_VERSION = 2
"""Version of `ferkit.plugin`: hook, interfaces and functions.

A plugin states the version that it was made for with `ferkit_contract = 2` in the module of its hook.
Version 2 added the kinds augmentation, optimizer, scheduler and callback. Plugins for version 1 work
unchanged.
"""
SUPPORTED_VERSIONS = (1, 2)
"""Versions whose plugins work with this ferkit."""


class Hooks:
    """The specification of the hook."""

    @hookspec
    def ferkit_components(self) -> Iterable[Component]:  # type: ignore[empty-body]
        """List the components of the plugin. Do not import torch or numpy here."""
