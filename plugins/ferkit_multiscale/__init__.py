"""The paper's proposed head."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "head", "multiscale", "ferkit_multiscale.head:MultiscaleHead", "Four scales of maps, concatenated"
        )
    ]
