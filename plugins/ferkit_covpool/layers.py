"""What the network and the head have in common."""

from __future__ import annotations

from torch import nn


def initialise(module: nn.Module) -> None:
    """The published code's first weights: normal, of deviation 0.1, drawn again beyond two deviations."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.trunc_normal_(layer.weight, std=0.1, a=-0.2, b=0.2)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def check_momentum(momentum: float) -> None:
    if not 0 < momentum <= 1:
        raise ValueError(f"batch_norm_momentum: expected a fraction above 0 and up to 1, got {momentum}")
