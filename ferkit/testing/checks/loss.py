"""Checks of losses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ferkit.components.contract import wrong_scalar
from ferkit.testing.check import check, expect, expect_agreed, skip
from ferkit.testing.checks.module import answer, inputs
from ferkit.testing.component_under_test import ComponentUnderTest
from ferkit.testing.drawing import LABELS

CLASSES = len(LABELS)


def _value(subject: ComponentUnderTest, logits: Tensor, targets: Tensor) -> float:
    with torch.no_grad():
        return float(subject.built.eval()(logits, targets))


def _train(subject: ComponentUnderTest, logits: Tensor, targets: Tensor) -> tuple[float, bool]:
    """A fresh loss's value in training, and whether it and the gradients are finite."""
    logits.requires_grad_()
    loss = subject.build().train()(logits, targets)
    loss.backward()
    gradient = logits.grad if logits.grad is not None else torch.tensor(torch.nan)
    return loss.item(), bool(torch.isfinite(loss)) and bool(torch.isfinite(gradient).all())


def _soft(targets: Tensor) -> Tensor:
    return one_hot(targets, CLASSES).float()


@check("loss", is_basis=True)
def gives_one_number(subject: ComponentUnderTest) -> None:
    """A scalar."""
    for found in answer(subject, subject.built):
        expect_agreed(wrong_scalar(found), "Return the mean over the batch, .mean(), without dimensions.")


@check("loss", rests=True)
def is_the_mean_of_the_batch(subject: ComponentUnderTest) -> None:
    """The same number for a batch that is repeated."""
    logits, targets = inputs(subject, subject.built)
    once = _value(subject, logits, targets)
    twice = _value(subject, logits.repeat(2, 1), targets.repeat(2))
    mend = "Take the mean over the images, not the sum: the learning rate depends on it."
    expect(abs(once - twice) <= 1e-4 * max(1, abs(once)), f"{once:.6g} again", f"{twice:.6g}", mend)


@check("loss", rests=True)
def takes_soft_targets_as_hard_ones(subject: ComponentUnderTest) -> None:
    """The same number for labels and for the same labels as rows of 0 and 1."""
    logits, targets = inputs(subject, subject.built)
    hard, soft = _value(subject, logits, targets), _value(subject, logits, _soft(targets))
    mend = "Where targets.dim() == 1, make them one-hot rows, and go on from there."
    is_right = abs(hard - soft) <= 1e-4 * max(1, abs(hard))
    expect(is_right, f"{hard:.6g}, as for labels", f"{soft:.6g}", mend)


@check("loss", rests=True)
def takes_mixed_targets(subject: ComponentUnderTest) -> None:
    """A finite number and gradients for targets mixed of two classes, as mixup and label smoothing give."""
    logits, targets = inputs(subject, subject.built)
    mixed = 0.7 * _soft(targets) + 0.3 * _soft(targets.roll(1))
    loss, is_right = _train(subject, logits, mixed)
    mend = "Weigh each class by its share of the target: -(targets * log_probabilities).sum(dim=1)."
    expect(is_right, "a finite loss and finite gradients", f"a loss of {loss:.6g}", mend)


@check("loss", rests=True)
def survives_what_is_sure_and_wrong(subject: ComponentUnderTest) -> None:
    """A finite number and gradients for logits of ±1000."""
    targets = torch.arange(CLASSES)
    for logits in (1000 * torch.eye(CLASSES), 1000 * torch.eye(CLASSES).roll(1, dims=0)):
        loss, is_right = _train(subject, logits, targets)
        mend = "Work with log_softmax, not with the logarithm of softmax; clamp before a power or a root."
        expect(is_right, "a finite loss and finite gradients", f"a loss of {loss:.6g}", mend)


@check("loss", rests=True)
def costs_least_where_the_label_is_right(subject: ComponentUnderTest) -> None:
    """Less for the right class than for a wrong one."""
    targets, sure = torch.arange(CLASSES), 8 * torch.eye(CLASSES)
    right, wrong = _value(subject, sure, targets), _value(subject, sure.roll(1, dims=0), targets)
    mend = "Check its sign, and that the column of a class is its index."
    expect(right < wrong, f"less than {wrong:.6g}, the loss of wrong answers", f"{right:.6g}", mend)


@check("loss", rests=True)
def survives_a_class_without_images(subject: ComponentUnderTest) -> None:
    """A finite number where a class has no image in the training fold, or a refusal in words."""
    loss = subject.accepts(class_counts=[6, 3, 2, 0])
    if loss is None:
        skip("it refuses such a fold when it is built")
    logits, targets = inputs(subject, loss)
    with torch.no_grad():
        found = loss.eval()(logits, targets)
    mend = "Don't divide by the count of a class without images; give it the weight 0."
    expect(bool(torch.isfinite(found)), "a finite number", f"{float(found)}", mend)
