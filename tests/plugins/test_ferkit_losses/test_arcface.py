"""ArcFace's margin for known angles."""

from __future__ import annotations

import math

import pytest
import torch
from ferkit_losses.arcface import ArcFaceLoss
from torch.nn import functional as F

from ferkit.errors import ComponentError

ANGLES = torch.linspace(0.05, math.pi - 0.55, 7)
TARGETS = torch.tensor([0, 2, 1])


def make_cosines() -> torch.Tensor:
    return torch.rand(3, 3, generator=torch.Generator().manual_seed(0)) * 1.6 - 0.8


def test_the_margin_is_added_to_the_angle() -> None:
    moved = ArcFaceLoss(2, scale=64.0, margin=0.5).add_margin(ANGLES.cos())
    torch.testing.assert_close(moved, (ANGLES + 0.5).cos(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_only_the_true_class_has_the_margin(margin: float) -> None:
    cosines = make_cosines()
    expected = cosines.clone()
    for row, target in enumerate(TARGETS.tolist()):
        expected[row, target] = (cosines[row, target].acos() + margin).cos()
    loss = ArcFaceLoss(3, margin=margin, scale=8.0)(8 * cosines, TARGETS)
    torch.testing.assert_close(loss, F.cross_entropy(8 * expected, TARGETS), rtol=1e-5, atol=1e-5)


def test_what_stands_for_the_cosine_falls_with_the_angle_up_to_pi() -> None:
    angles = torch.linspace(0.01, math.pi - 0.01, 500)
    moved = ArcFaceLoss(2, scale=64.0, margin=0.5).add_margin(angles.cos())
    assert (moved.diff() < 1e-3).all()
    # Beyond pi - m it is lowered evenly.
    torch.testing.assert_close(moved[-1], angles.cos()[-1] - 0.5 * math.sin(0.5))


def test_a_soft_target_has_each_margin_in_its_part() -> None:
    logits = 8 * make_cosines()
    loss = ArcFaceLoss(3, scale=8.0)
    torch.testing.assert_close(loss(logits, F.one_hot(TARGETS, 3).float()), loss(logits, TARGETS))
    half = torch.full((3, 3), 1 / 3)
    moved = logits + half * (8 * loss.add_margin(logits / 8) - logits)
    torch.testing.assert_close(loss(logits, half), F.cross_entropy(moved, half))


def test_logits_that_are_no_cosines_are_refused_with_what_to_do() -> None:
    with pytest.raises(ComponentError, match=r"a logit is 9\.0.*distance = \"cosine\", temperature = 0\.125"):
        ArcFaceLoss(2, scale=8.0)(torch.tensor([[9.0, 0.0]]), torch.tensor([0]))


@pytest.mark.parametrize("cosine", [1.0, -1.0])
def test_the_gradient_is_finite_where_the_angle_is_at_an_end(cosine: float) -> None:
    logits = torch.tensor([[8 * cosine, 0.0]], requires_grad=True)
    ArcFaceLoss(2, scale=8.0)(logits, torch.tensor([0])).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": -0.1}, "margin: expected radians from 0 up to 1.57, got -0.1"),
        ({"margin": 28.6}, "margin: .* got 28.6"),
        ({"scale": 0.0}, "scale: expected a number above 0, got 0.0"),
    ],
)
def test_an_option_that_can_not_be_is_named(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ArcFaceLoss(3, **{"scale": 64.0, **options})
