"""Losses, compared with torch's and with sums by hand, also at extreme values."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from ferkit_losses.class_balanced import ClassBalancedLoss
from ferkit_losses.cross_entropy import CrossEntropyLoss
from ferkit_losses.focal import FocalLoss
from ferkit_losses.label_smoothing import LabelSmoothingLoss
from ferkit_losses.symmetric_cross_entropy import SymmetricCrossEntropyLoss
from torch import Tensor, nn
from torch.nn import functional as F

COUNTS = (10, 40, 20, 10, 5, 5, 10)
WEIGHTS = torch.tensor([100 / (7 * count) for count in COUNTS])
GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(8, 7, generator=GENERATOR) * 2
TARGETS = torch.tensor([0, 1, 2, 3, 4, 5, 6, 1])
SOFT = torch.rand(8, 7, generator=GENERATOR).softmax(dim=1)
WEIGHTED = {"class_counts": COUNTS, "class_weights": "inverse_frequency"}


@pytest.mark.parametrize("targets", [TARGETS, SOFT], ids=["labels", "soft"])
@pytest.mark.parametrize("options", [{}, WEIGHTED], ids=["equal", "weighted"])
@pytest.mark.parametrize(
    "build", [CrossEntropyLoss, lambda *a, **o: FocalLoss(*a, gamma=0.0, **o)], ids=["cross_entropy", "focal"]
)
def test_cross_entropy_and_focal_without_gamma_are_torch_s_cross_entropy(
    build: Any, options: dict[str, Any], targets: Tensor
) -> None:
    expected = F.cross_entropy(LOGITS, targets, weight=WEIGHTS if options else None)
    torch.testing.assert_close(build(7, **options)(LOGITS, targets), expected)


def test_focal_weighs_a_true_class_at_one_half_by_a_quarter() -> None:
    logits = torch.zeros(1, 2)
    loss = FocalLoss(2, gamma=2.0)(logits, torch.tensor([0]))
    torch.testing.assert_close(loss, torch.tensor(0.25 * math.log(2)))


def test_focal_modulates_each_class_of_a_soft_target_or_all_by_the_true_one() -> None:
    probabilities = [0.7, 0.2, 0.1]
    soft = [0.8, 0.1, 0.1]
    logits = torch.tensor([probabilities]).log()
    each = -sum(t * (1 - p) ** 2 * math.log(p) for t, p in zip(soft, probabilities, strict=True))
    true = -sum(t * 0.3**2 * math.log(p) for t, p in zip(soft, probabilities, strict=True))
    targets = torch.tensor([soft])
    torch.testing.assert_close(FocalLoss(3)(logits, targets).item(), each, rtol=1e-5, atol=0)
    torch.testing.assert_close(
        FocalLoss(3, modulate="true_class")(logits, targets).item(), true, rtol=1e-5, atol=0
    )


@pytest.mark.parametrize("options", [{}, WEIGHTED], ids=["equal", "weighted"])
def test_both_ways_of_modulating_agree_on_labels(options: dict[str, Any]) -> None:
    each = FocalLoss(7, **options)(LOGITS, TARGETS)
    torch.testing.assert_close(each, FocalLoss(7, modulate="true_class", **options)(LOGITS, TARGETS))


def test_smoothing_gives_equation_2_s_targets() -> None:
    softened = LabelSmoothingLoss(7).soften(F.one_hot(torch.tensor([4]), 7).float())
    expected = torch.full((1, 7), 0.05)
    expected[0, 4] = 0.7
    torch.testing.assert_close(softened, expected)


@pytest.mark.parametrize(
    ("share", "epsilon", "as_torch"), [("others", 0.3, 0.35), ("all", 0.3, 0.3), ("others", 0.0, 0.0)]
)
def test_smoothing_is_torch_s_with_the_epsilon_that_its_share_asks_for(
    share: Any, epsilon: float, as_torch: float
) -> None:
    loss = LabelSmoothingLoss(7, epsilon=epsilon, share=share)
    torch.testing.assert_close(
        loss(LOGITS, TARGETS), F.cross_entropy(LOGITS, TARGETS, label_smoothing=as_torch)
    )


@pytest.mark.parametrize("share", ["others", "all"])
def test_soft_targets_are_smoothed_linearly(share: Any) -> None:
    loss = LabelSmoothingLoss(7, share=share)
    corners = loss.soften(torch.eye(7))
    torch.testing.assert_close(loss.soften(SOFT), SOFT @ corners)
    torch.testing.assert_close(loss.soften(SOFT).sum(dim=1), torch.ones(8))


def test_smoothing_wraps_the_loss_that_is_named() -> None:
    base = FocalLoss(7, gamma=2.0)
    loss = LabelSmoothingLoss(7, epsilon=0.3, base=base)
    soft = LabelSmoothingLoss(7, epsilon=0.3).soften(F.one_hot(TARGETS, 7).float())
    torch.testing.assert_close(loss(LOGITS, TARGETS), base(LOGITS, soft))
    assert not torch.isclose(loss(LOGITS, TARGETS), LabelSmoothingLoss(7, epsilon=0.3)(LOGITS, TARGETS))


ALL: dict[str, nn.Module] = {
    "cross_entropy": CrossEntropyLoss(7, COUNTS, "inverse_frequency"),
    "focal": FocalLoss(7),
    "focal, small gamma": FocalLoss(7, gamma=0.5),
    "focal, true class": FocalLoss(7, modulate="true_class", **WEIGHTED),
    "smoothed": LabelSmoothingLoss(7),
    "smoothed focal": LabelSmoothingLoss(7, base=FocalLoss(7)),
    "class balanced": ClassBalancedLoss(7, COUNTS),
    "class balanced focal": ClassBalancedLoss(7, COUNTS, gamma=2.0),
    "symmetric": SymmetricCrossEntropyLoss(7),
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("scale", [0.0, 20.0, 1e4, -1e4])
def test_loss_and_gradient_are_finite_however_sure_the_logits(name: str, scale: float) -> None:
    logits = (scale * F.one_hot(TARGETS, 7).float()).requires_grad_()
    loss = ALL[name](logits, TARGETS)
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("targets", [TARGETS, SOFT.double()], ids=["labels", "soft"])
def test_gradient_is_the_loss_s_slope(name: str, targets: Tensor) -> None:
    logits = LOGITS.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ALL[name](x, targets), (logits,))


@pytest.mark.parametrize("name", ALL)
def test_half_precision_logits_are_computed_in_float32(name: str) -> None:
    rounded = LOGITS.bfloat16()
    loss = ALL[name](rounded, TARGETS)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, ALL[name](rounded.float(), TARGETS))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: FocalLoss(7, gamma=-1.0), "gamma: expected .* got -1.0"),
        (lambda: LabelSmoothingLoss(7, epsilon=1.0), "epsilon: expected .* got 1.0"),
        (lambda: LabelSmoothingLoss(7, epsilon=-0.1), "epsilon: expected .* got -0.1"),
        (lambda: CrossEntropyLoss(7, class_weights="inverse_frequency"), "class_weights: .* got None"),
        (lambda: FocalLoss(2, (3, 0), class_weights="inverse_frequency"), r"class_weights: .* got \(3, 0\)"),
    ],
)
def test_an_option_that_can_not_be_is_named(build: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
