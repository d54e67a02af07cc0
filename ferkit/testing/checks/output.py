"""Checks of outputs: what happens to logits."""

from __future__ import annotations

import torch

from ferkit.components.contract import wrong_logits
from ferkit.testing.check import check, expect, expect_agreed
from ferkit.testing.checks.module import BATCH, answer, inputs
from ferkit.testing.component_under_test import ComponentUnderTest
from ferkit.testing.drawing import LABELS

CONFIDENT = 20.0
"""A logit that leaves the other classes a fraction of 2e-9."""


@check("output", is_basis=True)
def keeps_the_shape_of_logits(subject: ComponentUnderTest) -> None:
    """(B, K) -> (B, K)."""
    for logits in answer(subject, subject.built):
        expect_agreed(wrong_logits(logits, (BATCH, len(LABELS))), "Return a column for each label.")


@check("output", rests=True)
def keeps_the_order_of_labels(subject: ComponentUnderTest) -> None:
    """A label that is sure stays the likeliest."""
    with torch.no_grad():
        found = subject.built.eval()(CONFIDENT * torch.eye(len(LABELS)))
    came = [LABELS[column] for column in found.argmax(dim=1)]
    mend = "Keep the columns in the order of `labels`; sort nothing."
    expect(came == list(LABELS), f"{', '.join(LABELS)}, each where it is sure", ", ".join(came), mend)


@check("output", rests=True)
def knows_labels_by_name(subject: ComponentUnderTest) -> None:
    """The same answer when the labels stand in another order."""
    backwards = list(reversed(range(len(LABELS))))
    (logits,) = inputs(subject, subject.built)
    counts = subject.context["class_counts"]
    other = subject.build(
        labels=[LABELS[i] for i in backwards], class_counts=[counts[i] for i in backwards]
    ).eval()
    with torch.no_grad():
        expected = subject.built.eval()(logits)[:, backwards]
        found = other(logits[:, backwards])
    mend = 'Find a class by its name, labels.index("neutral"), never by its place.'
    is_right = torch.allclose(found, expected, atol=1e-5)
    expect(is_right, "columns that change places as the labels do", "other numbers", mend)
