"""Checks of heads."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import torch

from ferkit.components.contract import wrong_auxiliary, wrong_logits
from ferkit.testing.check import check, expect, expect_agreed, skip
from ferkit.testing.checks.module import BATCH, answer, inputs
from ferkit.testing.component_under_test import STAGES, ComponentUnderTest
from ferkit.testing.drawing import LABELS


@check("head")
def says_which_channels_it_wants(subject: ComponentUnderTest) -> None:
    """Its constructor has `in_channels`, an int or a Mapping[str, int], and `num_classes`."""
    parameters = inspect.signature(subject.component.load(), eval_str=True).parameters
    fix = "Define def __init__(self, in_channels: int, num_classes: int, ...)."
    missing = [name for name in ("in_channels", "num_classes") if name not in parameters]
    expect(not missing, "in_channels and num_classes in the constructor", f"no {missing}", fix)
    annotation = parameters["in_channels"].annotation
    fix = "Annotate it with int for the default stage, or Mapping[str, int] to select stages."
    expect(annotation in (int, Mapping[str, int]), "int or Mapping[str, int]", annotation, fix)


@check("head")
def wants_stages_that_are_offered(subject: ComponentUnderTest) -> None:
    """`stages` names stages of the backbone if `in_channels` is a mapping."""
    wanted: tuple[str, ...] = getattr(subject.built, "stages", None) or ()
    if not subject.wants_stages:
        expect(
            not wanted,
            "no `stages`, because in_channels is an int",
            wanted,
            "Annotate in_channels: Mapping[str, int].",
        )
        return
    fix = "Set self.stages to a tuple of the keys of in_channels that forward uses."
    is_right = bool(wanted) and set(wanted) <= set(STAGES)
    expect(is_right, f"self.stages, some of {', '.join(STAGES)}", repr(wanted), fix)


@check("head", is_basis=True)
def gives_a_logit_for_each_class(subject: ComponentUnderTest) -> None:
    """It returns (B, num_classes), for any number of classes."""
    for classes in (len(LABELS), 2):
        head = subject.build(num_classes=classes, labels=LABELS[:classes])
        fix = "Return auxiliary values if self.training is true only, else the logits alone."
        with torch.no_grad():
            found = head.eval()(*inputs(subject, head))
        expect_agreed(wrong_auxiliary(found, False) if isinstance(found, tuple) else None, fix)
        fix = "Give the last layer num_classes outputs, and flatten its input to (B, D)."
        for logits in answer(subject, head):
            expect_agreed(wrong_logits(logits, (BATCH, classes)), fix)


@check("head", rests=True)
def gives_logits_and_no_probabilities(subject: ComponentUnderTest) -> None:
    """It returns logits, not probabilities, because losses apply softmax."""
    (logits,) = answer(subject, subject.built)
    sums = logits.sum(dim=1)
    is_right = bool((logits < 0).any()) or not torch.allclose(sums, torch.ones_like(sums), atol=1e-4)
    fix = "Remove softmax. The loss and the evaluation apply it."
    expect(is_right, "logits", "rows of probabilities that sum to 1", fix)


@check("head", rests=True)
def looks_at_the_features(subject: ComponentUnderTest) -> None:
    """It returns different logits for different images."""
    (logits,) = answer(subject, subject.built)
    fix = "Use the features in forward. Look for a dead activation or a layer initialised with 0."
    is_right = not torch.allclose(logits[0], logits[1], atol=1e-7)
    expect(is_right, "logits that depend on the features", "the same for two different images", fix)


@check("head", rests=True)
def gives_auxiliary_losses_or_logits(subject: ComponentUnderTest) -> None:
    """A tuple in training mode is (logits, {name: auxiliary loss, or logits (B, num_classes)})."""
    head = subject.build().train()
    found = head(*inputs(subject, head))
    if not isinstance(found, tuple):
        skip("it returns logits only")
    fix = "Return (logits, {name: value}), each value a scalar loss or logits (B, num_classes)."
    expect_agreed(wrong_auxiliary(found, True) or wrong_logits(found[0], (BATCH, len(LABELS))), fix)
    weight = getattr(head, "auxiliary_weight", 1.0)
    is_right = isinstance(weight, int | float) and 0 <= weight < float("inf")
    fix = "Set self.auxiliary_weight to the weight of the auxiliary logits' cross entropy."
    expect(is_right, "auxiliary_weight, a number of at least 0", repr(weight), fix)


@check("head", rests=True)
def embeds_in_rows(subject: ComponentUnderTest) -> None:
    """The optional method `embed` returns (B, D), the input of the last layer."""
    head = subject.built.eval()
    if not hasattr(head, "embed"):
        skip("it has no method embed, which only estimators and losses on embeddings need")
    with torch.no_grad():
        found = head.embed(*inputs(subject, head))
    is_right = found.dim() == 2 and found.shape[0] == BATCH and bool(torch.isfinite(found).all())
    fix = "Return the input of the last layer, flattened to one row for each image."
    expect(is_right, f"({BATCH}, D) finite numbers", tuple(found.shape), fix)
