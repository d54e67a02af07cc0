"""Early stopping, the average of weights, and mixing of images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from ferkit_callbacks.early_stopping import EarlyStopping
from ferkit_callbacks.ema import ExponentialMovingAverage
from ferkit_callbacks.mixup import MixUp
from torch import nn

from ferkit.plugin import Epoch, TrainingSetup


def ends(callback: EarlyStopping, values: list[float]) -> list[bool]:
    """What it returns for losses, or accuracies if it monitors them."""
    empty = np.zeros((0, 2))
    return [
        callback.end_epoch(Epoch(number, 1.0, 0.5, value, empty, 0.1, 0.1), value)
        for number, value in enumerate(values, start=1)
    ]


def test_training_ends_after_patience_epochs_without_a_lower_loss() -> None:
    assert ends(EarlyStopping(patience=2), [1.0, 0.9, 0.95, 0.8, 0.85, 0.9]) == [False] * 5 + [True]


def test_accuracy_must_rise_by_more_than_min_delta() -> None:
    callback = EarlyStopping(patience=1, monitor="accuracy", min_delta=0.1)
    assert ends(callback, [0.5, 0.7, 0.75]) == [False, False, True]


def test_the_average_is_the_formula() -> None:
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(1.0)
    callback = ExponentialMovingAverage(decay=0.75, warmup=False)
    callback.begin(TrainingSetup(network, None, 1, 2))
    network.weight.data.fill_(3.0)
    callback.end_step()
    average: Any = callback.evaluated_network()
    assert average.weight.item() == pytest.approx(0.75 * 1 + 0.25 * 3)
    assert network.weight.item() == 3.0


def test_mixed_targets_have_the_proportion_of_the_images() -> None:
    torch.manual_seed(0)
    np.random.seed(0)
    images = torch.eye(4).reshape(4, 4, 1, 1)[:, :3].repeat(1, 1, 2, 2)
    targets = torch.arange(4)
    mixed, soft = MixUp(num_classes=4, alpha=1.0).change_batch(images.clone(), targets)
    assert torch.allclose(mixed[:3, :, 0, 0], soft[:3, :3], atol=1e-5)
    assert torch.equal(targets, torch.arange(4))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EarlyStopping(patience=0), "patience: expected .* got 0"),
        (lambda: EarlyStopping(min_delta=-1.0), "min_delta: expected .* got -1"),
        (lambda: ExponentialMovingAverage(decay=1.0), "decay: expected .* got 1"),
        (lambda: MixUp(4, alpha=-1.0), "alpha: expected .* got -1"),
        (lambda: MixUp(4, alpha=0.0), "alpha and cutmix_alpha are both 0"),
        (lambda: MixUp(4, probability=2.0), "probability: expected .* got 2"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_expected(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
