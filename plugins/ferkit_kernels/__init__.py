"""Kernel methods on features of a network that is not trained on the faces."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "estimator",
            "kernel_ridge",
            "ferkit_kernels.kernel_ridge:KernelRidgeEstimator",
            "Kernel ridge regression on stages of the network, and on descriptors",
        ),
    ]
