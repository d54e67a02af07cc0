"""A plugin with weights. One of them cannot be loaded."""

from __future__ import annotations

from ferkit.plugin import Component, DirectFile, Weights, hookimpl

OWN = Weights("own_faces", "own.pt", None, DirectFile("https://example.org/own.pt"), "MIT", "own faces", 64)


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component("weights", "own_faces", "tests.plugins_for_tests.weights_plugin:OWN", "Own faces"),
        Component(
            "weights", "hollow", "tests.plugins_for_tests.weights_plugin:MISSING", "Its target is not there"
        ),
    ]
