"""Checks of losses."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ferkit.components.contract import wrong_scalar
from ferkit.neural.auxiliary import needs_embeddings
from ferkit.testing.check import check, expect, expect_agreed, skip
from ferkit.testing.checks.module import answer, inputs
from ferkit.testing.component_under_test import ComponentUnderTest
from ferkit.testing.drawing import LABELS

CLASSES = len(LABELS)


def _call(loss: nn.Module, logits: Tensor, targets: Tensor) -> Tensor:
    """Call the loss. If it needs embeddings, the logits replace these."""
    found: Tensor = loss(logits, targets, logits) if needs_embeddings(loss) else loss(logits, targets)
    return found


def _value(subject: ComponentUnderTest, logits: Tensor, targets: Tensor) -> float:
    with torch.no_grad():
        return float(_call(subject.built.eval(), logits, targets))


def _train(subject: ComponentUnderTest, logits: Tensor, targets: Tensor) -> tuple[float, bool]:
    """Return the value in training mode, and True if it and the gradients are finite."""
    logits.requires_grad_()
    loss = _call(subject.build().train(), logits, targets)
    loss.backward()  # type: ignore[no-untyped-call]
    gradient = logits.grad if logits.grad is not None else torch.tensor(torch.nan)
    return loss.item(), bool(torch.isfinite(loss)) and bool(torch.isfinite(gradient).all())


def _soft(targets: Tensor) -> Tensor:
    return one_hot(targets, CLASSES).float()


@check("loss", is_basis=True)
def gives_one_number(subject: ComponentUnderTest) -> None:
    """It returns a scalar."""
    for found in answer(subject, subject.built):
        expect_agreed(wrong_scalar(found), "Return the mean over the batch with .mean().")


@check("loss", rests=True)
def is_the_mean_of_the_batch(subject: ComponentUnderTest) -> None:
    """It is the mean of the batch: a repeated batch gives the same number."""
    logits, targets, *_ = inputs(subject, subject.built)
    once = _value(subject, logits, targets)
    twice = _value(subject, logits.repeat(2, 1), targets.repeat(2))
    fix = "Return the mean over the images, not the sum. The learning rate depends on it."
    is_right = abs(once - twice) <= 1e-4 * max(1, abs(once))
    expect(is_right, f"{once:.6g} for the repeated batch", f"{twice:.6g}", fix)


@check("loss", rests=True)
def takes_soft_targets_as_hard_ones(subject: ComponentUnderTest) -> None:
    """Labels and the same labels as one-hot rows give the same number."""
    logits, targets, *_ = inputs(subject, subject.built)
    hard, soft = _value(subject, logits, targets), _value(subject, logits, _soft(targets))
    fix = "If targets.dim() == 1, convert them to one-hot rows first."
    is_right = abs(hard - soft) <= 1e-4 * max(1, abs(hard))
    expect(is_right, f"{hard:.6g}, as for labels", f"{soft:.6g}", fix)


@check("loss", rests=True)
def takes_mixed_targets(subject: ComponentUnderTest) -> None:
    """Targets mixed of two classes, as in mixup and label smoothing, give a finite number and gradients."""
    logits, targets, *_ = inputs(subject, subject.built)
    mixed = 0.7 * _soft(targets) + 0.3 * _soft(targets.roll(1))
    loss, is_right = _train(subject, logits, mixed)
    fix = "Weight each class by its target: -(targets * log_probabilities).sum(dim=1)."
    expect(is_right, "a finite loss and finite gradients", f"a loss of {loss:.6g}", fix)


@check("loss", rests=True)
def survives_what_is_sure_and_wrong(subject: ComponentUnderTest) -> None:
    """Logits of ±1000 give a finite number and gradients."""
    targets = torch.arange(CLASSES)
    for logits in (1000 * torch.eye(CLASSES), 1000 * torch.eye(CLASSES).roll(1, dims=0)):
        loss, is_right = _train(subject, logits, targets)
        fix = "Use log_softmax, not the logarithm of softmax. Clamp before a power or a root."
        expect(is_right, "a finite loss and finite gradients", f"a loss of {loss:.6g}", fix)


@check("loss", rests=True)
def costs_least_where_the_label_is_right(subject: ComponentUnderTest) -> None:
    """It is smaller for the right class than for a wrong one."""
    targets, sure = torch.arange(CLASSES), 8 * torch.eye(CLASSES)
    right, wrong = _value(subject, sure, targets), _value(subject, sure.roll(1, dims=0), targets)
    fix = "Check the sign, and that the column of a class is its index."
    expect(right < wrong, f"less than {wrong:.6g}, the loss of wrong predictions", f"{right:.6g}", fix)


@check("loss", rests=True)
def survives_a_class_without_images(subject: ComponentUnderTest) -> None:
    """A class without training images gives a finite number, or an error of the constructor."""
    loss = subject.accepts(class_counts=[6, 3, 2, 0])
    if loss is None:
        skip("its constructor rejects such a fold")
    logits, targets, *_ = inputs(subject, loss)
    with torch.no_grad():
        found = _call(loss.eval(), logits, targets)
    fix = "Do not divide by a count of 0. Give a class without images the weight 0."
    expect(bool(torch.isfinite(found)), "a finite number", f"{float(found)}", fix)
