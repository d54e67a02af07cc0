"""Schedulers of timm, stepped after every update."""

from __future__ import annotations

from typing import Any

from timm.scheduler.scheduler import Scheduler


class TimmSchedule:
    """A scheduler of timm that counts the updates itself.

    Args:
        scheduler: A scheduler of timm with `t_in_epochs=False`.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.updates = 0
        self.scheduler.step_update(0)

    def step(self) -> None:
        """Set the rates of the next update."""
        self.updates += 1
        self.scheduler.step_update(self.updates)

    def state_dict(self) -> dict[str, Any]:
        """Return the number of updates."""
        return {"updates": self.updates}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the number of updates."""
        self.updates = int(state_dict["updates"])
        self.scheduler.step_update(self.updates)


def warm_up(epochs: float, start: float, steps_per_epoch: int, all_epochs: int) -> dict[str, Any]:
    """Return the arguments of timm for a linear increase of the rates at the beginning.

    Args:
        epochs: Number of epochs of the increase. step, multi_step: counted from the start of the training.
            cosine, poly, tanh: start after the warm-up.
        start: Rate of the first update.
        steps_per_epoch: Number of updates in an epoch.
        all_epochs: Number of epochs of the training.
    """
    if not 0 <= epochs < all_epochs:
        raise ValueError(f"warmup_epochs: expected 0 to fit.epochs ({all_epochs}), got {epochs:g}")
    if start < 0:
        raise ValueError(f"warmup_lr: expected a rate of 0 or more, got {start:g}")
    steps = round(epochs * steps_per_epoch)
    return {"warmup_t": steps, "warmup_lr_init": start, "t_in_epochs": False}
