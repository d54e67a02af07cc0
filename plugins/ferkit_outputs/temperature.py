"""A temperature for the probabilities (Guo et al. 2017)."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn


class TemperatureOutput(nn.Module):
    """Logits divided by a temperature T. Predicted classes do not change.

    Args:
        temperature: T, above 0, or the initial value of a learned T. Above 1 the probabilities are less
            confident, below 1 more.
        phase: "evaluation" divides in prediction only: temperature scaling with a T found on other images.
            "always" divides in training too.
        learned: Train T with the network. Needs phase = "always". The parameter is ln T.
    """

    def __init__(
        self,
        temperature: float = 1.0,
        phase: Literal["evaluation", "always"] = "evaluation",
        learned: bool = False,
    ) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"temperature: expected a number above 0, got {temperature}")
        if learned and phase == "evaluation":
            raise ValueError('learned: a learned temperature needs phase = "always"')
        self.phase = phase
        self.logarithm = nn.Parameter(torch.tensor(math.log(temperature)), requires_grad=learned)

    def forward(self, logits: Tensor) -> Tensor:
        if self.training and self.phase == "evaluation":
            return logits
        return logits / self.logarithm.exp().to(logits)
