"""Checks of schedulers."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ferkit.testing.check import check, expect, skip
from ferkit.testing.component_under_test import ComponentUnderTest
from ferkit.testing.training import EPOCHS, RATES, STEPS, saved, small_optimizer

METHODS = ("step", "state_dict", "load_state_dict")


class Course:
    """The rates of a scheduler, update by update."""

    def __init__(self, subject: ComponentUnderTest) -> None:
        self.optimizer = small_optimizer()
        self.scheduler: Any = subject.build(optimizer=self.optimizer)

    def rates(self) -> list[float]:
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def run(self, epochs: int) -> list[list[float]]:
        """Return the rates of each update."""
        found = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns about steps without gradients
            for number in range(epochs):
                for _ in range(STEPS):
                    found.append(self.rates())
                    self.optimizer.step()
                    self.scheduler.step()
                if end_epoch := getattr(self.scheduler, "end_epoch", None):
                    end_epoch(1.0 / (number + 1))
        return found


@check("scheduler", is_basis=True)
def has_the_methods_of_a_scheduler(subject: ComponentUnderTest) -> None:
    """It has step, state_dict and load_state_dict."""
    missing = [name for name in METHODS if not callable(getattr(subject.built, name, None))]
    fix = "Derive the class from torch.optim.lr_scheduler.LRScheduler, or define the methods."
    expect(not missing, f"the methods {', '.join(METHODS)}", f"no {', '.join(missing)}", fix)


@check("scheduler", rests=True)
def rates_are_finite(subject: ComponentUnderTest) -> None:
    """For every update, the rates are finite and 0 or more."""
    course = Course(subject)
    found = [*course.run(EPOCHS), course.rates()]
    bad = [
        f"{rate:g} at update {place}"
        for place, rates in enumerate(found)
        for rate in rates
        if not 0 <= rate < math.inf
    ]
    fix = "`step` is called after each of epochs · steps_per_epoch updates. Clamp what follows at 0."
    expect(not bad, "finite rates of 0 or more", ", ".join(bad[:3]), fix)


@check("scheduler", rests=True)
def keeps_the_proportion_of_the_groups(subject: ComponentUnderTest) -> None:
    """Its highest rates have the proportion of the groups' rates."""
    found = Course(subject).run(EPOCHS)
    highest = [max(several) for several in zip(*found, strict=True)]
    expected, got = RATES[1] / RATES[0], highest[1] / highest[0] if highest[0] else math.nan
    fix = 'Multiply the initial rate of each group, group["lr"], by a factor.'
    is_right = math.isclose(expected, got, rel_tol=1e-3)
    expect(is_right, f"{expected:g} times the rate of the first group in the second", f"{got:g} times", fix)


@check("scheduler", rests=True)
def accepts_the_training_loss(subject: ComponentUnderTest) -> None:
    """If it has end_epoch, this accepts the loss of the epoch."""
    course = Course(subject)
    if not (end_epoch := getattr(course.scheduler, "end_epoch", None)):
        skip("it has no end_epoch")
    for loss in (1.0, 0.5, 0.5, 2.0):
        end_epoch(loss)
    bad = [rate for rate in course.rates() if not 0 <= rate < math.inf]
    fix = "Define end_epoch(self, train_loss), and set finite rates of 0 or more."
    expect(not bad, "finite rates of 0 or more after end_epoch", bad, fix)


@check("scheduler", rests=True)
def continues_from_its_state(subject: ComponentUnderTest) -> None:
    """After saving and loading its state_dict, the rates continue as without the interruption."""
    course, resumed = Course(subject), Course(subject)
    course.run(1)
    resumed.optimizer.load_state_dict(saved(course.optimizer.state_dict()))
    resumed.scheduler.load_state_dict(saved(course.scheduler.state_dict()))
    expected, found = course.run(EPOCHS - 1), resumed.run(EPOCHS - 1)
    place = next((i for i, pair in enumerate(zip(expected, found, strict=True)) if pair[0] != pair[1]), None)
    if place is not None:
        fix = "Return the number of updates, and everything else that step changes, from state_dict."
        expect(False, f"the rates {expected[place]} at update {STEPS + place}", found[place], fix)
