"""Covariance pooling (Acharya et al. 2018): its network, head, loss and second step."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "backbone",
            "covpool_net",
            "ferkit_covpool.backbone:CovPoolBackbone",
            "The four convolutional blocks of Acharya et al. 2018",
        ),
        Component(
            "head",
            "covpool",
            "ferkit_covpool.head:CovPoolHead",
            "Covariance of a map's channels, classified by its logarithm",
        ),
        Component(
            "loss",
            "center",
            "ferkit_covpool.center:CenterLoss",
            "Logits drawn to their class's centre, beside another loss (Wen et al. 2016)",
        ),
        Component(
            "estimator",
            "linear_svc",
            "ferkit_covpool.svc:LinearSvcEstimator",
            "A linear support vector machine on the network's features",
        ),
    ]
