"""Photographs as a CSV list names them."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [Component("dataset", "manifest", "ferkit_manifest.dataset:Manifest", "A CSV list of photographs")]
