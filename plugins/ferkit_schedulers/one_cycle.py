"""One cycle: an increase, then a decrease."""

from __future__ import annotations

from typing import cast

import torch
from torch.optim.lr_scheduler import OneCycleLR

from ferkit.plugin import Optimizer, RunError


class OneCycleSchedule(OneCycleLR):
    """An increase to the learning rate, then a decrease to almost 0 (Smith and Topin 2018).

    Args:
        warmup: Fraction of the updates for the increase, between 0 and 1.
    """

    def __init__(self, optimizer: Optimizer, epochs: int, steps_per_epoch: int, warmup: float = 0.3) -> None:
        if not 0 < warmup < 1:
            raise ValueError(f"warmup: expected a fraction between 0 and 1, got {warmup:g}")
        steps = epochs * steps_per_epoch
        if warmup * steps <= 1:
            raise RunError(
                f"schedule one_cycle: a warmup of {warmup} of {steps} steps is less than one step. Increase "
                "fit.schedule.warmup or fit.epochs, or use another schedule."
            )
        super().__init__(
            cast(torch.optim.Optimizer, optimizer),
            [group["lr"] for group in optimizer.param_groups],
            total_steps=steps,
            pct_start=warmup,
            cycle_momentum=False,
        )
