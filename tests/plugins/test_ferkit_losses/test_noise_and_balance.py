"""Class-balanced and symmetric losses, compared with sums by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from ferkit_losses.class_balanced import ClassBalancedLoss
from ferkit_losses.focal import FocalLoss
from ferkit_losses.symmetric_cross_entropy import SymmetricCrossEntropyLoss
from torch.nn import functional as F

COUNTS = (1, 10, 100)
LOGITS = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
TARGETS = torch.tensor([0, 1, 2, 2])


def effective_weights(beta: float) -> torch.Tensor:
    """An effective number summed term by term: 1 + β + … + β^(n−1)."""
    inverse = torch.tensor([1 / sum(beta**power for power in range(count)) for count in COUNTS])
    return 3 * inverse / inverse.sum()


@pytest.mark.parametrize("beta", [0.9, 0.999, 0.999999])
def test_a_class_weighs_the_inverse_of_its_effective_number(beta: float) -> None:
    weights = effective_weights(beta)
    torch.testing.assert_close(ClassBalancedLoss(3, COUNTS, beta=beta).weights, weights, rtol=1e-4, atol=0)
    each = F.cross_entropy(LOGITS, TARGETS, reduction="none")
    loss = ClassBalancedLoss(3, COUNTS, beta=beta)(LOGITS, TARGETS)
    torch.testing.assert_close(loss, (weights[TARGETS] * each).mean(), rtol=1e-4, atol=0)


def test_beta_0_weighs_all_alike_and_beta_near_1_by_the_inverse_frequency() -> None:
    torch.testing.assert_close(ClassBalancedLoss(3, COUNTS, beta=0.0).weights, torch.ones(3))
    inverse = torch.tensor([1.0, 0.1, 0.01])
    close = ClassBalancedLoss(3, COUNTS, beta=1 - 1e-9).weights
    torch.testing.assert_close(close, 3 * inverse / inverse.sum(), rtol=1e-3, atol=0)


@pytest.mark.parametrize("modulate", ["each", "true_class"])
def test_with_gamma_it_is_focal_loss_by_image(modulate: Any) -> None:
    focal = FocalLoss(3, gamma=2.0, modulate=modulate)
    each = torch.stack([focal(LOGITS[i : i + 1], TARGETS[i : i + 1]) for i in range(4)])
    loss = ClassBalancedLoss(3, COUNTS, beta=0.9, gamma=2.0, modulate=modulate)(LOGITS, TARGETS)
    torch.testing.assert_close(loss, (effective_weights(0.9)[TARGETS] * each).mean())


def test_the_reverse_part_is_the_share_of_the_other_classes_times_a() -> None:
    """For a label, −Σ p·log t is −A·(1 − p_y)."""
    other = 1 - LOGITS.softmax(dim=1)[range(4), TARGETS]
    loss = SymmetricCrossEntropyLoss(3, alpha=0.0, beta=1.0, log_zero=-4.0)
    torch.testing.assert_close(loss(LOGITS, TARGETS), 4 * other.mean())


def test_both_parts_are_added_by_their_weights() -> None:
    forward = F.cross_entropy(LOGITS, TARGETS)
    reverse = SymmetricCrossEntropyLoss(3, alpha=0.0, beta=1.0)(LOGITS, TARGETS)
    torch.testing.assert_close(
        SymmetricCrossEntropyLoss(3, alpha=0.1, beta=2.0)(LOGITS, TARGETS), 0.1 * forward + 2 * reverse
    )


def test_the_reverse_part_is_bounded_however_sure_the_network_is_of_another_class() -> None:
    loss = SymmetricCrossEntropyLoss(3, alpha=0.0)
    assert loss(torch.tensor([[0.0, 1e4, 0.0]]), torch.tensor([0])).item() == pytest.approx(4.0)


def test_a_soft_target_above_the_cut_counts_with_its_own_logarithm() -> None:
    soft = torch.tensor([[0.5, 0.5, 0.0]])
    probabilities = [0.2, 0.3, 0.5]
    expected = -(0.5 * math.log(0.5)) + 0.5 * 4
    loss = SymmetricCrossEntropyLoss(3, alpha=0.0)(torch.tensor([probabilities]).log(), soft)
    assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ClassBalancedLoss(3), "class_balanced needs training images of every class, got None"),
        (lambda: ClassBalancedLoss(3, (1, 0, 2)), r"class_balanced needs training images .* got \(1, 0, 2\)"),
        (lambda: ClassBalancedLoss(3, COUNTS, beta=1.0), r"beta: expected .* got 1\.0"),
        (lambda: ClassBalancedLoss(3, COUNTS, gamma=-1.0), r"gamma: expected .* got -1\.0"),
        (lambda: SymmetricCrossEntropyLoss(3, alpha=-1.0), r"alpha: expected .* got -1\.0"),
        (lambda: SymmetricCrossEntropyLoss(3, beta=-1.0), r"beta: expected .* got -1\.0"),
        (lambda: SymmetricCrossEntropyLoss(3, log_zero=0.0), r"log_zero: expected .* got 0\.0"),
    ],
)
def test_an_option_that_can_not_be_is_named(build: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
