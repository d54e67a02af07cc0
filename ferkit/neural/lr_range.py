"""The learning rate range test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import isfinite, log
from statistics import mean
from typing import Any

import numpy as np

from ferkit.errors import DivergenceError
from ferkit.interfaces import Face, Optimizer
from ferkit.neural.estimator import NeuralEstimator
from ferkit.neural.loop import Parts

SMOOTHING = 0.9
"""Factor of the moving average of the losses."""
DIVERGES_AT = 4.0
"""The test ends if the smoothed loss is this many times its minimum."""
UNRELIABLE = 10
"""First steps without a suggestion: the average has seen few losses."""


@dataclass(frozen=True, slots=True)
class RangeStep:
    """One step of the test.

    Attributes:
        lr: Learning rate of the step.
        loss: Mean loss of the batches of the step, before it.
        smoothed: Exponential moving average of the losses so far, without bias.
    """

    lr: float
    loss: float
    smoothed: float


@dataclass(frozen=True, slots=True)
class LrRange:
    """The result of the test.

    Attributes:
        steps: The steps, in order.
        has_diverged: True if the test ended because the loss grew or was not finite.
    """

    steps: tuple[RangeStep, ...]
    has_diverged: bool

    @property
    def steepest(self) -> float | None:
        """The rate at which the smoothed loss falls fastest per factor of the rate, before its minimum.

        None if it never falls.
        """
        losses = np.array([one.smoothed for one in self.steps])
        if len(losses) <= UNRELIABLE + 1:
            return None
        end = UNRELIABLE + int(losses[UNRELIABLE:].argmin()) + 1
        slopes = np.gradient(losses, [log(one.lr) for one in self.steps])[UNRELIABLE:end]
        place = int(slopes.argmin())
        return self.steps[UNRELIABLE + place].lr if slopes[place] < 0 else None


class ExponentialRange:
    """A schedule that raises the rate exponentially, and the losses of its steps.

    The rates of head and output keep their ratio to `fit.optimizer.lr`.

    Args:
        optimizer: The optimizer.
        rates: The rates of all steps, for `fit.optimizer.lr`.
        base: The recipe's `fit.optimizer.lr`.
    """

    def __init__(self, optimizer: Optimizer, rates: Sequence[float], base: float) -> None:
        self.optimizer, self.rates, self.base = optimizer, rates, base
        self.ratios = [group["lr"] / base for group in optimizer.param_groups]
        self.steps: list[RangeStep] = []
        self._updates = 0
        self._losses: list[float] = []
        self._average = 0.0
        self._set()

    def step(self) -> None:
        """Set the rate of the next update."""
        self._updates += 1
        if self._updates < len(self.rates):
            self._set()

    def record(self, loss: float) -> None:
        """Record the loss of a batch. The last batch of an update completes a step.

        Args:
            loss: Loss of the batch before its update.
        """
        self._losses.append(loss)
        if self._updates == len(self.steps):
            return
        done, mean_loss = len(self.steps) + 1, mean(self._losses)
        self._losses.clear()
        self._average = SMOOTHING * self._average + (1 - SMOOTHING) * mean_loss
        smoothed = self._average / (1 - SMOOTHING**done)
        self.steps.append(RangeStep(self.rates[done - 1], mean_loss, smoothed))

    @property
    def is_over(self) -> bool:
        """True after the last step, or if the loss has grown too much."""
        return len(self.steps) == len(self.rates) or self.has_grown

    @property
    def has_grown(self) -> bool:
        """True if the smoothed loss is far above its minimum."""
        known = [one.smoothed for one in self.steps]
        return len(known) > UNRELIABLE and known[-1] > DIVERGES_AT * min(known)

    def _set(self) -> None:
        rate = self.rates[self._updates]
        for group, ratio in zip(self.optimizer.param_groups, self.ratios, strict=True):
            group["lr"] = rate * ratio

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: the test is not resumed."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Ignore a state."""


def find_lr_range(
    estimator: NeuralEstimator,
    train: Sequence[Face],
    rates: Sequence[float],
    on_step: Callable[[int], object] = lambda _: None,
) -> LrRange:
    """Train with a rate that grows from step to step (Smith 2017, "Cyclical Learning Rates", section 3.3).

    Batches, augmentation, loss, optimizer and callbacks are those of the recipe. The schedule is not used.

    Args:
        estimator: The recipe's network.
        train: Training faces.
        rates: The learning rate of each step, as `fit.optimizer.lr`.
        on_step: Called with the number of steps done.

    Raises:
        RunError: The first step fails.
    """
    made: list[ExponentialRange] = []

    def change(parts: Parts) -> Parts:
        def schedule(optimizer: Optimizer, _: int) -> ExponentialRange:
            made.append(ExponentialRange(optimizer, rates, estimator.options.optimizer.lr))
            return made[0]

        return replace(parts, scheduler=schedule)

    training = estimator.start_training(train, change)
    try:
        for number in count(1):
            for report in training.train_batches(number):
                made[0].record(report.batch_loss)
                on_step(len(made[0].steps))
                if made[0].is_over:
                    return LrRange(tuple(made[0].steps), made[0].has_grown)
    except DivergenceError:
        if not made[0].steps:
            raise
    steps = tuple(one for one in made[0].steps if isfinite(one.loss))
    return LrRange(steps, has_diverged=True)
