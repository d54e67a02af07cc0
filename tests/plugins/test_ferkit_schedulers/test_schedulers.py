"""Exact rates of every schedule, and its options."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from ferkit_schedulers import ferkit_components

from ferkit.components.discovery import load_plugins
from ferkit.errors import FerkitError
from ferkit.neural import options as fit_options
from ferkit.neural.optim import build_scheduler

REGISTRY = load_plugins()
NAMES = [one.name for one in ferkit_components()]
STEPS = 2
NEEDED: dict[str, dict[str, Any]] = {"multi_step": {"after": [1, 3]}}


def rates(name: str, epochs: int, losses: list[float] | None = None, **options: Any) -> list[float]:
    """The rate of each update, two in an epoch, with an initial rate of 1."""
    optimizer: Any = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    part = fit_options.Part(name=name, **{**NEEDED.get(name, {}), **options})
    scheduler: Any = build_scheduler(
        optimizer, fit_options.Fit(epochs=epochs, schedule=part), REGISTRY, steps_per_epoch=STEPS
    )
    found = []
    for epoch in range(epochs):
        for _ in range(STEPS):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        if losses:
            scheduler.end_epoch(losses[epoch])
    return found


def test_multi_step_is_multiplied_after_the_listed_epochs() -> None:
    assert rates("multi_step", 4) == pytest.approx([1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01])


def test_cosine_is_half_a_cosine_over_the_updates() -> None:
    expected = [0.1 + 0.9 * (1 + np.cos(np.pi * t / 8)) / 2 for t in range(8)]
    assert rates("cosine", 4, min_lr=0.1) == pytest.approx(expected)


def test_cosine_starts_again_for_each_cycle() -> None:
    half = [(1 + np.cos(np.pi * t / 4)) / 2 for t in range(4)]
    expected = half + [0.5 * rate for rate in half]
    assert rates("cosine", 4, cycles=2, cycle_decay=0.5) == pytest.approx(expected)


def test_poly_with_power_1_is_a_line() -> None:
    assert rates("poly", 2) == pytest.approx([1, 0.75, 0.5, 0.25])


def test_tanh_falls_from_the_rate_to_almost_0() -> None:
    found = rates("tanh", 10)
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(1, abs=0.01)
    assert found[-1] < 0.05


def test_one_cycle_rises_to_the_rate_and_falls() -> None:
    found = rates("one_cycle", 10, warmup=0.5)
    assert found[0] == pytest.approx(1 / 25)
    assert max(found) == pytest.approx(1)
    assert found.index(max(found)) == 9
    assert found[-1] == pytest.approx(1 / 25e4, rel=1e-3)


def test_plateau_falls_if_the_loss_has_not_decreased() -> None:
    losses = [1.0, 0.5, 0.5, 0.5, 0.4]
    found = rates("plateau", 5, losses, patience=1, factor=0.5)
    assert found == pytest.approx([1, 1, 1, 1, 1, 1, 1, 1, 0.5, 0.5])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "one_cycle"])
def test_the_warm_up_is_a_line_from_its_first_rate(name: str) -> None:
    options = {"after": [4]} if name == "multi_step" else {}
    assert rates(name, 6, warmup_epochs=2.0, warmup_lr=0.2, **options)[:4] == pytest.approx(
        [0.2, 0.4, 0.6, 0.8]
    )


WRONG = [
    ("step", {"every": 0}, "every: expected 1 or more epochs, got 0"),
    ("step", {"factor": 1.5}, "factor: expected .* got 1.5"),
    ("cosine", {"cycles": 0}, "cycles: expected 1 or more, got 0"),
    ("cosine", {"warmup_epochs": 4.0}, r"warmup_epochs: expected .*\(4\), got 4"),
    ("cosine", {"warmup_lr": -1.0}, "warmup_lr: expected .* got -1"),
    ("multi_step", {"after": [3, 3]}, r"after: expected ascending .* got \[3, 3\]"),
    ("multi_step", {"after": [0]}, r"after: expected .* got \[0\]"),
    ("one_cycle", {"warmup": 1.0}, "warmup: expected .* got 1"),
    ("one_cycle", {"warmup": 0.01}, "one_cycle: a warmup .* less than one step"),
    ("plateau", {"patience": -1}, "patience: expected .* got -1"),
    ("poly", {"power": 0.0}, "power: expected .* got 0"),
]


@pytest.mark.parametrize(("name", "options", "message"), WRONG)
def test_a_wrong_option_is_named_with_what_is_expected(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(FerkitError, match=message):
        rates(name, 4, **options)
