"""Covariance pooling (Acharya et al. 2018): its network, head and second step."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "backbone",
            "covpool_net",
            "ferkit_covpool.covpool_net:CovPoolBackbone",
            "The four convolutional blocks of Acharya et al. 2018",
        ),
        Component(
            "head",
            "covpool",
            "ferkit_covpool.covpool:CovPoolHead",
            "Covariance of a map's channels, classified by its logarithm",
        ),
        Component(
            "estimator",
            "linear_svc",
            "ferkit_covpool.linear_svc:LinearSvcEstimator",
            "A linear support vector machine on the network's features",
        ),
    ]
