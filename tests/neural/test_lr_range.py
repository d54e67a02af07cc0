"""The learning rate range test."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ferkit.neural import options
from ferkit.neural.lr_range import ExponentialRange, LrRange, RangeStep, find_lr_range
from tests.neural.test_embeddings_in_the_loss import estimator
from tests.neural.tiny import FACES, tiny_estimator

RATES = np.geomspace(1e-4, 1.0, 60).tolist()


def curve(losses: list[float]) -> LrRange:
    steps = (RangeStep(rate, loss, loss) for rate, loss in zip(RATES, losses, strict=True))
    return LrRange(tuple(steps), has_diverged=False)


def test_the_suggestion_is_where_the_loss_falls_fastest() -> None:
    places = np.log10(RATES)
    falling = 1 / (1 + np.exp(8 * (places + 2)))  # steepest at 1e-2
    assert curve(falling.tolist()).steepest == pytest.approx(1e-2, rel=0.2)


def test_a_fall_after_the_minimum_is_no_suggestion() -> None:
    places = np.log10(RATES)
    valley = 1 / (1 + np.exp(8 * (places + 2))) + 5 * (places > -1) * np.exp(-8 * (places + 1))
    assert curve(valley.tolist()).steepest == pytest.approx(1e-2, rel=0.2)


def test_a_loss_that_only_grows_has_no_suggestion() -> None:
    assert curve(list(range(60))).steepest is None


def test_rates_grow_by_a_factor_and_keep_their_ratio() -> None:
    parameters = [nn.Parameter(torch.zeros(1)) for _ in range(2)]
    groups = [{"params": [parameters[0]], "lr": 0.1}, {"params": [parameters[1]], "lr": 0.5}]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    schedule = ExponentialRange(optimizer, RATES, 0.1)
    seen = []
    for _ in RATES:
        seen.append([group["lr"] for group in optimizer.param_groups])
        schedule.step()
        schedule.record(1.0)
    assert np.allclose([one for one, _ in seen], RATES)
    assert np.allclose([other / one for one, other in seen], 5)
    assert [one.lr for one in schedule.steps] == RATES
    assert all(one.smoothed == pytest.approx(1) for one in schedule.steps)
    assert schedule.is_over


def test_a_loss_that_grows_ends_the_test() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = ExponentialRange(optimizer, RATES, 0.1)
    for number in range(20):
        schedule.step()
        schedule.record(1 if number < 12 else 400)
        if schedule.is_over:
            break
    assert 12 < len(schedule.steps) < 20
    assert schedule.has_grown


def range_of(steps: int, accumulate: int = 1, **optimizer: object) -> LrRange:
    """The test with rates that change nothing, so each loss is that of the first network."""
    part = options.Optimizer(lr=0.02, **{"name": "sgd", **optimizer})
    made = tiny_estimator(accumulate=accumulate, optimizer=part)
    return find_lr_range(made, FACES, [1e-12] * steps)


def test_an_update_of_several_batches_has_their_mean_loss() -> None:
    losses = [one.loss for one in range_of(4).steps]
    means = [(a + b) / 2 for a, b in zip(losses[::2], losses[1::2], strict=True)]
    assert [one.loss for one in range_of(2, accumulate=2).steps] == pytest.approx(means, abs=1e-5)


def test_a_step_of_sam_has_the_loss_before_it_moves_the_parameters() -> None:
    sam = range_of(1, name="sam", rho=1.0, base={"name": "sgd"})
    assert sam.steps[0].loss == pytest.approx(range_of(1).steps[0].loss, abs=1e-6)


def test_a_loss_of_embeddings_can_be_tested() -> None:
    assert len(find_lr_range(estimator(), FACES, [1e-3] * 4).steps) == 4
