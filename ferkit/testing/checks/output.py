"""Checks of outputs."""

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
    """It returns (B, K) for (B, K)."""
    for logits in answer(subject, subject.built):
        expect_agreed(wrong_logits(logits, (BATCH, len(LABELS))), "Return a column for each label.")


@check("output", rests=True)
def keeps_the_order_of_labels(subject: ComponentUnderTest) -> None:
    """A confident label stays the most probable."""
    with torch.no_grad():
        found = subject.built.eval()(CONFIDENT * torch.eye(len(LABELS)))
    got = [LABELS[column] for column in found.argmax(dim=1)]
    fix = "Keep the columns in the order of `labels`, and do not sort."
    expect(got == list(LABELS), f"{', '.join(LABELS)} as the most probable", ", ".join(got), fix)


@check("output", rests=True)
def knows_labels_by_name(subject: ComponentUnderTest) -> None:
    """The result for a label does not depend on the order of the labels."""
    backwards = list(reversed(range(len(LABELS))))
    (logits,) = inputs(subject, subject.built)
    counts = subject.context["class_counts"]
    other = subject.build(
        labels=[LABELS[i] for i in backwards], class_counts=[counts[i] for i in backwards]
    ).eval()
    with torch.no_grad():
        expected = subject.built.eval()(logits)[:, backwards]
        found = other(logits[:, backwards])
    fix = 'Find a class by name, such as labels.index("neutral"), never by position.'
    is_right = torch.allclose(found, expected, atol=1e-5)
    expect(is_right, "columns in the order of the labels", "other numbers", fix)
