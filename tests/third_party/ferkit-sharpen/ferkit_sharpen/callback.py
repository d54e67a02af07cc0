"""Lookahead."""

from typing import Any

import torch
from torch import Tensor, nn

from ferkit.plugin import Callback, TrainingSetup


class LookaheadCallback(Callback):
    """Slow weights that follow the trained ones (Zhang et al. 2019, algorithm 1).

    After every `every` updates: slow = slow + rate · (trained − slow), and trained = slow.

    Args:
        every: Updates of the trained weights for one of the slow weights, 1 or more. k of the paper.
        rate: Step of the slow weights, above 0, at most 1. α of the paper.
    """

    def __init__(self, every: int = 5, rate: float = 0.5) -> None:
        if every < 1:
            raise ValueError(f"every: expected 1 or more updates, got {every}")
        if not 0 < rate <= 1:
            raise ValueError(f"rate: expected above 0, at most 1, got {rate:g}")
        self.every = every
        self.rate = rate
        self.updates = 0
        self.trained: list[nn.Parameter] = []
        self.slow: list[Tensor] = []

    def begin(self, setup: TrainingSetup) -> None:
        """Copy the trained parameters."""
        self.trained = [one for one in setup.network.parameters() if one.requires_grad]
        self.slow = [one.detach().clone() for one in self.trained]

    @torch.no_grad()
    def end_step(self) -> None:
        """Update the slow weights, and return to them."""
        self.updates += 1
        if self.updates % self.every:
            return
        for slow, trained in zip(self.slow, self.trained, strict=True):
            slow.lerp_(trained, self.rate)
            trained.copy_(slow)

    def state_dict(self) -> dict[str, Any]:
        """Return the slow weights and the number of updates."""
        return {"updates": self.updates, "slow": self.slow}

    @torch.no_grad()
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state."""
        self.updates = int(state_dict["updates"])
        for slow, saved in zip(self.slow, state_dict["slow"], strict=True):
            slow.copy_(saved)
