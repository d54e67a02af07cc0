"""Drawn faces, to run any recipe without real data."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "dataset",
            "synthetic",
            "ferkit_synthetic.synthetic:SyntheticFaces",
            "Drawn faces with seven expressions, to try a recipe",
        )
    ]
