"""Initialisation and checks shared by the network and the head."""

from __future__ import annotations

from torch import nn


def initialise(module: nn.Module) -> None:
    """Initialise weights as the published code: normal with deviation 0.1, truncated at two deviations."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.trunc_normal_(layer.weight, std=0.1, a=-0.2, b=0.2)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def check_momentum(momentum: float) -> None:
    if not 0 < momentum <= 1:
        raise ValueError(f"batch_norm_momentum: expected a fraction above 0, at most 1, got {momentum}")
