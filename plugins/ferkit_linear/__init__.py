"""The simplest head."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "head", "linear", "ferkit_linear.head:LinearHead", "One stage, averaged, then one linear layer"
        )
    ]
