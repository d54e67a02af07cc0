"""A temperature for the probabilities (Guo et al. 2017)."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn


class TemperatureOutput(nn.Module):
    """Logits over T. No image changes its class; above 1 the probabilities are less sure, below 1 surer.

    temperature: T, or what a learned one begins with. phase: "evaluation" divides where nothing is trained,
    which is temperature scaling with a T that was found on other images; "always" divides in training too.
    learned: T is trained with the rest, as e to a parameter that begins with ln T; it needs phase = "always".
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
            raise ValueError('learned: nothing is learned in evaluation; set phase = "always"')
        self.phase = phase
        self.logarithm = nn.Parameter(torch.tensor(math.log(temperature)), requires_grad=learned)

    def forward(self, logits: Tensor) -> Tensor:
        if self.training and self.phase == "evaluation":
            return logits
        return logits / self.logarithm.exp().to(logits)
