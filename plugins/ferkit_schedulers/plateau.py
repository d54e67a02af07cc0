"""Steps when the training loss stops decreasing."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ferkit.plugin import Optimizer
from ferkit_schedulers.of_timm import warm_up


class PlateauSchedule:
    """A rate that is multiplied by `factor` when the training loss has not decreased for `patience` epochs.

    It uses the training loss, which no validation or test image influences.

    Args:
        factor: Factor of a step, between 0 and 1.
        patience: Number of epochs without a decrease.
        threshold: Relative decrease of the loss that counts.
        min_lr: Lowest rate.
        warmup_epochs: Number of epochs with a linear increase of the rate.
        warmup_lr: Rate of the first update, if `warmup_epochs` is not 0.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        epochs: int,
        steps_per_epoch: int,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        min_lr: float = 0.0,
        warmup_epochs: float = 0.0,
        warmup_lr: float = 0.0,
    ) -> None:
        if patience < 0:
            raise ValueError(f"patience: expected 0 or more epochs, got {patience}")
        if not 0 < factor < 1:
            raise ValueError(f"factor: expected a number between 0 and 1, got {factor:g}")
        start = warm_up(warmup_epochs, warmup_lr, steps_per_epoch, epochs)
        self.warmup, self.start = int(start["warmup_t"]), warmup_lr
        self.optimizer = optimizer
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.plateau = ReduceLROnPlateau(
            cast(torch.optim.Optimizer, optimizer),
            factor=factor,
            patience=patience,
            threshold=threshold,
            min_lr=min_lr,
        )
        self.updates = 0
        self._set_rates()

    def step(self) -> None:
        """Set the rates of the next update."""
        self.updates += 1
        self._set_rates()

    def _set_rates(self) -> None:
        if self.updates > self.warmup or not self.warmup:
            return
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = self.start + (rate - self.start) * self.updates / self.warmup

    def end_epoch(self, train_loss: float) -> None:
        """Decrease the rates if the loss is on a plateau."""
        if self.updates >= self.warmup:
            self.plateau.step(train_loss)

    def state_dict(self) -> dict[str, Any]:
        """Return the number of updates and the state of the plateau."""
        return {"updates": self.updates, "plateau": self.plateau.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state."""
        self.updates = int(state_dict["updates"])
        self.plateau.load_state_dict(state_dict["plateau"])
