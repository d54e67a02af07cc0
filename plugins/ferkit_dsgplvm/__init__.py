"""DS-GPLVM: a latent space shared by several views of a face (Eleftheriadis, Rudovic and Pantic 2015)."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "estimator",
            "ds_gplvm",
            "ferkit_dsgplvm.ds_gplvm:DsGplvmEstimator",
            "Latent space shared by several descriptors (Eleftheriadis et al. 2015)",
        )
    ]
