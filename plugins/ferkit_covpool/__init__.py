"""Covariance pooling (Acharya et al. 2018): network, head and linear SVM."""

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
            "Covariance pooling of a feature map, then dense layers",
        ),
        Component(
            "estimator",
            "linear_svc",
            "ferkit_covpool.linear_svc:LinearSvcEstimator",
            "Linear support vector machine on the network's features",
        ),
    ]
