"""An augmentation, an optimizer and a callback for ferkit.

Do not import torch or numpy here: `ferkit plugins` imports this module.
"""

from ferkit.plugin import Component, hookimpl

ferkit_contract = 2


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component(
            "augmentation",
            "sharpen",
            "ferkit_sharpen.augmentation:SharpenAugmentation",
            "An unsharp mask of random strength",
        ),
        Component(
            "optimizer",
            "normalized_sgd",
            "ferkit_sharpen.optimizer:NormalizedSGDOptimizer",
            "Gradient descent with normalised gradients (Hazan et al. 2015)",
        ),
        Component(
            "callback",
            "lookahead",
            "ferkit_sharpen.callback:LookaheadCallback",
            "Slow weights that follow the trained ones (Zhang et al. 2019)",
        ),
    ]
