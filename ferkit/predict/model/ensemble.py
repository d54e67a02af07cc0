"""Several networks as one: the mean of their probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Ensemble(nn.Module):
    """The networks of a repeat's folds: images (B, 3, side, side) -> logarithms of probabilities (B, labels).

    A softmax of the result is the mean of the networks' probabilities, so an ensemble is used, exported and
    compared like one network. The logarithms stay finite where a probability is too small for float32.

    Args:
        networks: The networks, with the same input and labels.
        temperatures: Divides the logits of each network.
    """

    def __init__(self, networks: Sequence[nn.Module], temperatures: Sequence[float]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.temperatures = tuple(temperatures)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logarithms of the mean probabilities, (B, labels)."""
        pairs = zip(self.networks, self.temperatures, strict=True)
        each = [(network(images) / temperature).log_softmax(dim=1) for network, temperature in pairs]
        return torch.stack(each).logsumexp(dim=0) - math.log(len(each))
