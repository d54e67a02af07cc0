"""Static Facial Expressions in the Wild (Dhall et al. 2011 and 2015)."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "dataset", "sfew", "ferkit_sfew.dataset:SFEW", "The 675 photographs of SFEW, with movie and clip"
        ),
        Component("dataset", "sfew2", "ferkit_sfew.sfew2:SFEW2", "SFEW 2.0, its labelled parts"),
    ]
