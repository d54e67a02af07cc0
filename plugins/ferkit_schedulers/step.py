"""Steps after a number of epochs."""

from __future__ import annotations

from typing import Literal

from timm.scheduler import StepLRScheduler

from ferkit.plugin import Optimizer
from ferkit_schedulers.of_timm import TimmSchedule, warm_up


class StepSchedule(TimmSchedule):
    """Steps of the learning rate.

    Args:
        every: Number of epochs between steps.
        factor: Factor of a step, between 0 and 1.
        mode: "multiply" multiplies the rate by `factor`. "subtract" subtracts `factor` times the initial
            rate.
        warmup_epochs: Number of epochs with a linear increase of the rate.
        warmup_lr: Rate of the first update, if `warmup_epochs` is not 0.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        epochs: int,
        steps_per_epoch: int,
        every: int = 10,
        factor: float = 0.25,
        mode: Literal["multiply", "subtract"] = "multiply",
        warmup_epochs: float = 0.0,
        warmup_lr: float = 0.0,
    ) -> None:
        if every < 1:
            raise ValueError(f"every: expected 1 or more epochs, got {every}")
        if not 0 < factor < 1:
            raise ValueError(f"factor: expected a number between 0 and 1, got {factor:g}")
        start = warm_up(warmup_epochs, warmup_lr, steps_per_epoch, epochs)
        kind = StepLRScheduler if mode == "multiply" else _Subtracted
        super().__init__(
            kind(optimizer, decay_t=every * steps_per_epoch, decay_rate=factor, **start)  # type: ignore[arg-type]
        )


class _Subtracted(StepLRScheduler):
    def _get_lr(self, t: int) -> list[float]:
        if t < self.warmup_t:
            rates: list[float] = super()._get_lr(t)
            return rates
        return [rate * max(0.0, 1 - self.decay_rate * (t // self.decay_t)) for rate in self.base_values]
