"""A constant learning rate."""

from __future__ import annotations

from timm.scheduler import StepLRScheduler

from ferkit.plugin import Optimizer
from ferkit_schedulers.of_timm import TimmSchedule, warm_up


class ConstantSchedule(TimmSchedule):
    """A constant learning rate.

    Args:
        warmup_epochs: Number of epochs with a linear increase of the rate.
        warmup_lr: Rate of the first update, if `warmup_epochs` is not 0.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        epochs: int,
        steps_per_epoch: int,
        warmup_epochs: float = 0.0,
        warmup_lr: float = 0.0,
    ) -> None:
        start = warm_up(warmup_epochs, warmup_lr, steps_per_epoch, epochs)
        super().__init__(StepLRScheduler(optimizer, decay_t=1, decay_rate=1.0, **start))  # type: ignore[arg-type]
