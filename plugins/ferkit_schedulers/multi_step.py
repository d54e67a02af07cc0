"""Steps at listed epochs."""

from __future__ import annotations

from timm.scheduler import MultiStepLRScheduler

from ferkit.plugin import Optimizer
from ferkit_schedulers.of_timm import TimmSchedule, warm_up


class MultiStepSchedule(TimmSchedule):
    """A rate that is multiplied by `factor` after each of the listed epochs.

    Args:
        after: Numbers of epochs, in ascending order, such as [20, 30].
        factor: Factor of a step, between 0 and 1.
        warmup_epochs: Number of epochs with a linear increase of the rate.
        warmup_lr: Rate of the first update, if `warmup_epochs` is not 0.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        epochs: int,
        steps_per_epoch: int,
        after: tuple[int, ...],
        factor: float = 0.1,
        warmup_epochs: float = 0.0,
        warmup_lr: float = 0.0,
    ) -> None:
        if sorted(set(after)) != list(after) or min(after, default=1) < 1:
            raise ValueError(f"after: expected ascending epochs from 1, got {list(after)}")
        if not 0 < factor < 1:
            raise ValueError(f"factor: expected a number between 0 and 1, got {factor:g}")
        start = warm_up(warmup_epochs, warmup_lr, steps_per_epoch, epochs)
        # timm compares with the number of the next update.
        places = [epoch * steps_per_epoch + 1 for epoch in after]
        super().__init__(
            MultiStepLRScheduler(optimizer, decay_t=places, decay_rate=factor, **start)  # type: ignore[arg-type]
        )
