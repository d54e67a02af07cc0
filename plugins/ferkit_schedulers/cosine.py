"""Cosine annealing."""

from __future__ import annotations

from timm.scheduler import CosineLRScheduler

from ferkit.plugin import Optimizer
from ferkit_schedulers.of_timm import TimmSchedule, warm_up


class CosineSchedule(TimmSchedule):
    """Half a cosine from the learning rate to `min_lr`, over the training (Loshchilov and Hutter 2017).

    Args:
        min_lr: Rate at the end.
        warmup_epochs: Number of epochs with a linear increase of the rate. The cosine follows them.
        warmup_lr: Rate of the first update, if `warmup_epochs` is not 0.
        cycles: Number of cosines of the same length. Each begins at `cycle_decay` times the rate of the one
            before.
        cycle_decay: Factor between cosines, 0 to 1.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        epochs: int,
        steps_per_epoch: int,
        min_lr: float = 0.0,
        warmup_epochs: float = 0.0,
        warmup_lr: float = 0.0,
        cycles: int = 1,
        cycle_decay: float = 1.0,
    ) -> None:
        if cycles < 1:
            raise ValueError(f"cycles: expected 1 or more, got {cycles}")
        start = warm_up(warmup_epochs, warmup_lr, steps_per_epoch, epochs)
        steps = epochs * steps_per_epoch - start["warmup_t"]
        super().__init__(
            CosineLRScheduler(
                optimizer,  # type: ignore[arg-type]
                t_initial=max(1, -(-steps // cycles)),
                lr_min=min_lr,
                cycle_limit=cycles,
                cycle_decay=cycle_decay,
                warmup_prefix=True,
                **start,
            )
        )
