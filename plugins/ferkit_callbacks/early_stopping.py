"""Early stopping."""

from __future__ import annotations

import math
from typing import Any, Literal

from ferkit.plugin import Callback, Epoch


class EarlyStopping(Callback):
    """End the training after `patience` epochs without an improvement on the validation images.

    ferkit refuses it if a protocol has no validation images, because test images would then end the training.

    Args:
        patience: Number of epochs without an improvement.
        monitor: "loss" is the recipe's loss on the validation images. "accuracy" is the accuracy.
        min_delta: Smallest improvement that counts.
    """

    needs_validation = True

    def __init__(
        self, patience: int = 5, monitor: Literal["loss", "accuracy"] = "loss", min_delta: float = 0.0
    ) -> None:
        if patience < 1:
            raise ValueError(f"patience: expected 1 or more epochs, got {patience}")
        if min_delta < 0:
            raise ValueError(f"min_delta: expected 0 or more, got {min_delta:g}")
        self.patience = patience
        self.monitor = monitor
        self.min_delta = min_delta
        self.best = -math.inf
        self.since = 0

    def end_epoch(self, epoch: Epoch, accuracy: float) -> bool:
        """Return True after `patience` epochs without an improvement."""
        merit = accuracy if self.monitor == "accuracy" else -epoch.validation_loss
        self.since += 1
        if merit > self.best + self.min_delta:
            self.best, self.since = merit, 0
        return self.since >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """Return the best value and the number of epochs since."""
        return {"best": self.best, "since": self.since}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state."""
        self.best, self.since = float(state_dict["best"]), int(state_dict["since"])
