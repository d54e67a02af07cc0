"""Output mix-up: equation 3, its effect on probabilities, and its variants."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from ferkit_outputs.output_mixup import Identity, OutputMixup
from torch import Tensor

LABELS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
SHARES = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])


def make_mixup(shares: Tensor = SHARES, **options: Any) -> OutputMixup:
    mixup = OutputMixup(LABELS, **options)
    with torch.no_grad():
        mixup.coefficients.copy_(shares)
    return mixup


@pytest.fixture
def logits() -> Tensor:
    return torch.randn(5, 7, generator=torch.Generator().manual_seed(0)) * 3


def test_identity_leaves_logits_as_they_are(logits: Tensor) -> None:
    assert Identity()(logits) is logits


def test_literal_variant_is_equation_3(logits: Tensor) -> None:
    expected = torch.empty_like(logits)
    for k in range(7):
        expected[:, k] = SHARES[4] * logits[:, 4] + (1 - SHARES[k]) * logits[:, k]
    torch.testing.assert_close(make_mixup()(logits), expected)
    torch.testing.assert_close(make_mixup()(logits)[:, 4], logits[:, 4])


def test_literal_variant_changes_probabilities_as_a_temperature_per_class_does(logits: Tensor) -> None:
    mixed = make_mixup()(logits).softmax(dim=1)
    torch.testing.assert_close(mixed, ((1 - SHARES) * logits).softmax(dim=1))


def test_as_the_paper_begins_it_is_a_temperature_of_one_and_a_quarter(logits: Tensor) -> None:
    mixed = OutputMixup(LABELS)(logits)
    torch.testing.assert_close(mixed.softmax(dim=1), (logits / 1.25).softmax(dim=1))
    assert torch.equal(mixed.argmax(dim=1), logits.argmax(dim=1))


def test_own_lambda_mixes_as_the_text_says(logits: Tensor) -> None:
    expected = SHARES * logits[:, 4, None] + (1 - SHARES) * logits
    torch.testing.assert_close(make_mixup(variant="own_lambda")(logits), expected)


def test_own_lambda_is_no_temperature() -> None:
    logits = torch.tensor([[3.0, 0.0, 0.0, 0.0, 2.9, 0.0, 0.0]])
    mixed = make_mixup(torch.tensor([0.0, 0.9, 0, 0, 0, 0, 0]), variant="own_lambda")(logits)
    assert mixed[0, 1] > 2.6


def test_probability_variant_gives_the_mixed_probabilities_logarithms(logits: Tensor) -> None:
    probabilities = logits.softmax(dim=1)
    mixed = SHARES * probabilities[:, 4, None] + (1 - SHARES) * probabilities
    given = make_mixup(variant="probability")(logits)
    torch.testing.assert_close(given.exp(), mixed / mixed.sum(dim=1, keepdim=True))
    torch.testing.assert_close(given.softmax(dim=1), given.exp())


@pytest.mark.parametrize("scale", [1e4, -1e4])
@pytest.mark.parametrize("shares", [SHARES, torch.zeros(7), torch.ones(7), SHARES * 5 - 1])
def test_probability_variant_is_finite_at_the_extremes(scale: float, shares: Tensor) -> None:
    mixup = make_mixup(shares, variant="probability")
    logits = (torch.eye(7) * scale).requires_grad_()
    given = mixup(logits)
    given.sum().backward()
    assert all(
        torch.isfinite(t).all() for t in (given, logits.grad, mixup.coefficients.grad) if t is not None
    )


def test_neutral_is_found_by_name_whatever_the_order(logits: Tensor) -> None:
    order = [4, 0, 6, 2, 1, 3, 5]
    shuffled = OutputMixup([LABELS[k] for k in order])
    with torch.no_grad():
        shuffled.coefficients.copy_(SHARES[order])
    torch.testing.assert_close(shuffled(logits[:, order]), make_mixup()(logits)[:, order])


def test_labels_without_a_neutral_one_are_named() -> None:
    with pytest.raises(ValueError, match="neutral: no label is called 'neutral'; the labels are anger, fear"):
        OutputMixup(["anger", "fear"])


@pytest.mark.parametrize(
    ("coefficients", "is_trained"), [("free", True), ("sigmoid", True), ("frozen", False)]
)
def test_every_kind_of_coefficients_begins_alike(coefficients: Any, is_trained: bool, logits: Tensor) -> None:
    mixup = OutputMixup(LABELS, coefficients=coefficients)
    torch.testing.assert_close(mixup(logits), OutputMixup(LABELS)(logits))
    assert mixup.coefficients.requires_grad is is_trained


def test_sigmoid_keeps_shares_between_0_and_1(logits: Tensor) -> None:
    mixup = make_mixup(torch.full((7,), 50.0), coefficients="sigmoid")
    torch.testing.assert_close(
        mixup(logits), logits[:, 4, None].expand(-1, 7) + 0 * logits, atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("variant", ["literal", "own_lambda", "probability"])
def test_coefficients_learn_under_every_variant(variant: Any, logits: Tensor) -> None:
    mixup = OutputMixup(LABELS, variant=variant)
    torch.nn.functional.cross_entropy(mixup(logits), torch.arange(5)).backward()
    assert mixup.coefficients.grad is not None
    assert mixup.coefficients.grad.abs().sum() > 0


@pytest.mark.parametrize("options", [{"coefficients": "sigmoid"}, {"variant": "probability"}])
def test_an_initial_share_that_can_not_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"initial: .* got 1.5"):
        OutputMixup(LABELS, initial=1.5, **options)
