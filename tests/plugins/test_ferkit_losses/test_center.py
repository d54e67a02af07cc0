"""Center loss: its value, its gradient and the update of its centres."""

from __future__ import annotations

import pytest
import torch
from ferkit_losses.center import CenterLoss
from torch import Tensor, nn
from torch.nn import functional as F

TARGETS = torch.tensor([0, 0, 1])


def make_logits() -> Tensor:
    return torch.randn(3, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()


class Recorded(nn.Module):
    """A loss that keeps the targets that it was given."""

    targets: Tensor

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        self.targets = targets
        return logits.sum() * 0 + 2.0


def test_it_adds_half_the_squared_distance_to_the_class_s_centre() -> None:
    loss, logits = CenterLoss(3, weight=0.1), make_logits()
    loss.centers = torch.randn(3, 3)
    away = logits - loss.centers[TARGETS].clone()
    expected = F.cross_entropy(logits, TARGETS) + 0.1 * away.square().sum() / 2 / 3
    torch.testing.assert_close(loss(logits, TARGETS), expected)


def test_its_gradient_is_the_weighted_distance_itself() -> None:
    loss, logits = CenterLoss(3, weight=0.5, base=Recorded()), make_logits()
    loss.centers = torch.randn(3, 3)
    away = (logits - loss.centers[TARGETS]).detach()
    loss(logits, TARGETS).backward()
    torch.testing.assert_close(logits.grad, 0.5 * away / 3)


def test_centres_move_by_the_update_of_wen_et_al() -> None:
    loss, logits = CenterLoss(3, rate=0.4), make_logits()
    loss.centers = torch.ones(3, 3)
    loss(logits, TARGETS)
    x = logits.detach()
    torch.testing.assert_close(loss.centers[0], 1 - 0.4 * ((1 - x[0]) + (1 - x[1])) / 3)
    torch.testing.assert_close(loss.centers[1], 1 - 0.4 * (1 - x[2]) / 2)
    torch.testing.assert_close(loss.centers[2], torch.ones(3))


def test_centres_come_to_the_means_of_their_classes() -> None:
    loss, logits = CenterLoss(3), make_logits()
    for _ in range(200):
        loss(logits, TARGETS)
    torch.testing.assert_close(loss.centers[0], logits[:2].mean(dim=0).detach())


def test_centres_stay_where_nothing_is_trained() -> None:
    loss, logits = CenterLoss(3), make_logits()
    loss(logits.detach(), TARGETS)
    with torch.inference_mode():
        loss(logits, TARGETS)
    loss.eval()(logits, TARGETS)
    assert not loss.centers.any()


def test_a_rate_of_0_leaves_the_centres_at_0() -> None:
    loss = CenterLoss(3, rate=0.0)
    loss(make_logits(), TARGETS)
    assert not loss.centers.any()


def test_the_base_is_given_the_targets_as_they_came() -> None:
    soft = torch.tensor([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2], [0.1, 0.7, 0.2]])
    for targets in (TARGETS, soft):
        base = Recorded()
        assert CenterLoss(3, weight=0.0, base=base)(make_logits(), targets).item() == 2.0
        assert base.targets is targets


def test_an_image_with_soft_targets_is_of_the_class_with_the_largest() -> None:
    soft = torch.tensor([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2], [0.1, 0.7, 0.2]], dtype=torch.float64)
    hard, softened = CenterLoss(3, base=Recorded()), CenterLoss(3, base=Recorded())
    logits = make_logits()
    torch.testing.assert_close(softened(logits, soft), hard(logits, TARGETS))
    torch.testing.assert_close(softened.centers, hard.centers)
    torch.testing.assert_close(CenterLoss(3, weight=0)(logits, soft), F.cross_entropy(logits, soft.float()))


def test_half_precision_logits_are_measured_in_single_precision() -> None:
    logits = make_logits().bfloat16()
    loss = CenterLoss(3, weight=0.1)
    assert loss(logits, TARGETS).dtype == torch.float32
    assert loss.centers.dtype == torch.float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": -1.0}, "weight: expected .* got -1.0"),
        ({"rate": 1.5}, "rate: expected .* got 1.5"),
        ({"rate": -0.1}, "rate: expected .* got -0.1"),
    ],
)
def test_an_option_that_can_not_work_is_named(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CenterLoss(3, **options)
