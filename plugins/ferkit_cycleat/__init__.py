"""Cycle-consistent adversarial attention transfer (row 3 of the paper's table)."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "estimator",
            "cycleat",
            "ferkit_cycleat.cycleat:CycleATEstimator",
            "Domain adaptation to unlabelled faces (after Zhang et al. 2018)",
        )
    ]
