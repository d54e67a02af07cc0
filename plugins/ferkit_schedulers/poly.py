"""Polynomial decay."""

from __future__ import annotations

from timm.scheduler import PolyLRScheduler

from ferkit.plugin import Optimizer
from ferkit_schedulers.of_timm import TimmSchedule, warm_up


class PolySchedule(TimmSchedule):
    """min_lr + (lr − min_lr) · (1 − t/T) ** power, over the training. `power = 1` is a linear decay.

    Args:
        power: Exponent, above 0.
        min_lr: Rate at the end.
        warmup_epochs: Number of epochs with a linear increase of the rate. The decay follows them.
        warmup_lr: Rate of the first update, if `warmup_epochs` is not 0.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        epochs: int,
        steps_per_epoch: int,
        power: float = 1.0,
        min_lr: float = 0.0,
        warmup_epochs: float = 0.0,
        warmup_lr: float = 0.0,
    ) -> None:
        if power <= 0:
            raise ValueError(f"power: expected a number above 0, got {power:g}")
        start = warm_up(warmup_epochs, warmup_lr, steps_per_epoch, epochs)
        steps = max(1, epochs * steps_per_epoch - start["warmup_t"])
        super().__init__(
            PolyLRScheduler(
                optimizer,  # type: ignore[arg-type]
                t_initial=steps,
                power=power,
                lr_min=min_lr,
                warmup_prefix=True,
                **start,
            )
        )
