"""The learning rate range test."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ferkit.neural.lr_range import ExponentialRange, LossRecorder, LrRange, RangeStep

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
    recorder = LossRecorder(nn.MSELoss())
    schedule = ExponentialRange(optimizer, recorder, RATES, 0.1)
    seen = []
    for _ in RATES:
        recorder(torch.ones(1), torch.zeros(1))
        seen.append([group["lr"] for group in optimizer.param_groups])
        schedule.step()
    assert np.allclose([one for one, _ in seen], RATES)
    assert np.allclose([other / one for one, other in seen], 5)
    assert [one.lr for one in schedule.steps] == RATES
    assert all(one.smoothed == pytest.approx(1) for one in schedule.steps)
    assert schedule.is_over


def test_a_loss_that_grows_ends_the_test() -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule = ExponentialRange(optimizer, recorder := LossRecorder(nn.MSELoss()), RATES, 0.1)
    for number in range(20):
        recorder(torch.ones(1) * (1 if number < 12 else 20), torch.zeros(1))
        schedule.step()
        if schedule.is_over:
            break
    assert 12 < len(schedule.steps) < 20
    assert schedule.has_grown
