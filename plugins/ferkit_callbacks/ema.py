"""Exponential moving average of the weights."""

from __future__ import annotations

from typing import Any

from timm.utils import ModelEmaV3
from torch import nn

from ferkit.plugin import Callback, TrainingSetup


class ExponentialMovingAverage(Callback):
    """Average the weights of the network over the updates, and evaluate and save the average.

    After each update: average = decay · average + (1 − decay) · weights (Polyak and Juditsky 1992), by timm's
    `ModelEmaV3`.

    Args:
        decay: Share of the previous average, between 0 and 1. The average covers about 1 / (1 − decay)
            updates. Use about a tenth of the updates of the training.
        warmup: Use a lower decay at first, which increases with the number of updates.
    """

    def __init__(self, decay: float = 0.99, warmup: bool = True) -> None:
        if not 0 < decay < 1:
            raise ValueError(f"decay: expected a number between 0 and 1, got {decay:g}")
        self.decay = decay
        self.warmup = warmup
        self.network: nn.Module | None = None
        self.average: ModelEmaV3 | None = None
        self.updates = 0

    def begin(self, setup: TrainingSetup) -> None:
        """Copy the network."""
        self.network = setup.network
        self.average = ModelEmaV3(setup.network, decay=self.decay, use_warmup=self.warmup)

    def end_step(self) -> None:
        """Update the average."""
        assert self.average
        self.updates += 1
        # With the number of updates, timm would begin with a decay of 0 even without the warm-up.
        self.average.update(self.network, step=self.updates if self.warmup else None)

    def evaluated_network(self) -> nn.Module | None:
        """Return the average."""
        return self.average.module if self.average else None

    def state_dict(self) -> dict[str, Any]:
        """Return the average and the number of updates."""
        assert self.average
        return {"average": self.average.module.state_dict(), "updates": self.updates}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state."""
        assert self.average
        self.average.module.load_state_dict(state_dict["average"])
        self.updates = int(state_dict["updates"])
