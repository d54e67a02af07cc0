"""Heads: feature maps to logits."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "head",
            "attention",
            "ferkit_heads.attention:AttentionHead",
            "Channels and places weighed before the average (Woo et al. 2018)",
        ),
        Component(
            "head", "linear", "ferkit_heads.linear:LinearHead", "One stage, averaged, then one linear layer"
        ),
        Component(
            "head",
            "multiscale",
            "ferkit_heads.multiscale:MultiscaleHead",
            "Four scales of maps, concatenated",
        ),
        Component(
            "head",
            "prototype",
            "ferkit_heads.prototype:PrototypeHead",
            "Distances to a learned prototype of each class (Snell et al. 2017)",
        ),
    ]
