"""Heads compute logits from feature maps."""

from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "head",
            "attention",
            "ferkit_heads.attention:AttentionHead",
            "Channel and spatial attention, pooling, linear layer (Woo et al. 2018)",
        ),
        Component(
            "head",
            "linear",
            "ferkit_heads.linear:LinearHead",
            "Average pooling of one stage, then a linear layer",
        ),
        Component(
            "head",
            "multiscale",
            "ferkit_heads.multiscale:MultiscaleHead",
            "Feature maps in four scales, pooled and concatenated",
        ),
        Component(
            "head",
            "prototype",
            "ferkit_heads.prototype:PrototypeHead",
            "Distances to a learned prototype of each class (Snell et al. 2017)",
        ),
    ]
