"""Generalised mean pooling (Radenović, Tolias and Chum 2019, equation 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SMALLEST = 1e-6


class GemHead(nn.Module):
    """(mean of x^p)^(1/p) of each channel, then one linear layer.

    power: p at first; it is learned. 1 is the mean, and the larger it is, the nearer to the maximum.
    """

    def __init__(self, in_channels: int, num_classes: int, power: float = 3.0) -> None:
        super().__init__()
        if power <= 0:
            raise ValueError(f"power: expected a number above 0, got {power}")
        self.power = nn.Parameter(torch.tensor(power))
        self.classify = nn.Linear(in_channels, num_classes)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.classify(self.embed(features))
        return logits

    def embed(self, features: Tensor) -> Tensor:
        return features.clamp(min=SMALLEST).pow(self.power).mean(dim=(2, 3)).pow(1 / self.power)
