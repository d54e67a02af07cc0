"""Hyperbolic tangent decay."""

from __future__ import annotations

from timm.scheduler import TanhLRScheduler

from ferkit.plugin import Optimizer
from ferkit_schedulers.of_timm import TimmSchedule, warm_up


class TanhSchedule(TimmSchedule):
    """Hyperbolic tangent from the learning rate to `min_lr`, over the training (Hsueh et al. 2019).

    Args:
        min_lr: Rate at the end.
        warmup_epochs: Number of epochs with a linear increase of the rate. The decay follows them.
        warmup_lr: Rate of the first update, if `warmup_epochs` is not 0.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        epochs: int,
        steps_per_epoch: int,
        min_lr: float = 0.0,
        warmup_epochs: float = 0.0,
        warmup_lr: float = 0.0,
    ) -> None:
        start = warm_up(warmup_epochs, warmup_lr, steps_per_epoch, epochs)
        steps = max(1, epochs * steps_per_epoch - start["warmup_t"])
        super().__init__(
            TanhLRScheduler(optimizer, t_initial=steps, lr_min=min_lr, warmup_prefix=True, **start)  # type: ignore[arg-type]
        )
