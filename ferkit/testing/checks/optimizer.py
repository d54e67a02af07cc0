"""Checks of optimizers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ferkit.testing.check import check, expect, skip
from ferkit.testing.component_under_test import ComponentUnderTest
from ferkit.testing.training import Line, saved

MANY = 30
"""Number of updates that must reduce the loss."""
SMALL = 0.01
"""A change by this factor smaller than another counts as none."""


def _build(subject: ComponentUnderTest, model: Line) -> Any:
    return subject.build(params=model.groups())


def _needs_closure(optimizer: Any) -> bool:
    return bool(getattr(optimizer, "needs_closure", False))


def _step(optimizer: Any, model: Line, without: str = "") -> int:
    """Update the parameters as a run does. Return the number of calls of the closure.

    Args:
        optimizer: The optimizer.
        model: The model.
        without: Name of a parameter without a gradient.
    """
    calls = 0

    def compute() -> float:
        optimizer.zero_grad()
        loss: Any = model()
        loss.backward()
        if without:
            getattr(model, without).grad = None
        return float(loss.item())

    def closure() -> float:
        nonlocal calls
        calls += 1
        return compute()

    compute()
    optimizer.step(closure) if _needs_closure(optimizer) else optimizer.step()
    return calls


def _is_same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@check("optimizer", is_basis=True)
def is_an_optimizer(subject: ComponentUnderTest) -> None:
    """It is a torch.optim.Optimizer."""
    got = type(subject.built).__name__
    fix = "Derive the class from torch.optim.Optimizer, and pass `params` to super().__init__()."
    expect(isinstance(subject.built, torch.optim.Optimizer), "a torch.optim.Optimizer", got, fix)


@check("optimizer", rests=True)
def keeps_the_groups(subject: ComponentUnderTest) -> None:
    """Its param_groups are the groups that it gets, each with its own lr."""
    model = Line()
    found = [
        (group.get("lr"), [tuple(one.shape) for one in group["params"]])
        for group in _build(subject, model).param_groups
    ]
    expected = [(group["lr"], [tuple(one.shape) for one in group["params"]]) for group in model.groups()]
    fix = "Pass `params` unchanged to super().__init__(), and keep the `lr` of each group."
    expect(found == expected, f"lr and shapes {expected}", found, fix)


@check("optimizer", rests=True)
def uses_the_rate_of_each_group(subject: ComponentUnderTest) -> None:
    """A group with lr = 0 does not change, and the other group does."""
    for place, other in ((0, 1), (1, 0)):
        changes = _changes(subject, place)
        fix = 'Read the rate from group["lr"] in every step, of each group. A scheduler changes it.'
        got = f"changes of {changes[place]:.3g} (lr = 0) and {changes[other]:.3g}"
        # MADGRAD adds a small number to the rate.
        is_right = changes[place] <= SMALL * changes[other] and changes[other] > 0
        expect(is_right, "no change of the parameters with lr = 0, and a change of the others", got, fix)


def _changes(subject: ComponentUnderTest, place: int) -> list[float]:
    """Return the largest change of the parameters of each group, where the rate of one is 0."""
    model = Line()
    optimizer, before = _build(subject, model), model.values()
    optimizer.param_groups[place]["lr"] = 0.0
    for _ in range(3):
        _step(optimizer, model)
    return [float((a - b).abs().max()) for a, b in zip(before, model.values(), strict=True)]


@check("optimizer", rests=True)
def reduces_a_convex_loss(subject: ComponentUnderTest) -> None:
    """It reduces the mean squared error of a linear model."""
    model = Line().double()
    model.inputs, model.expected = model.inputs.double(), model.expected.double()
    optimizer, before = _build(subject, model), model().item()
    for _ in range(MANY):
        _step(optimizer, model)
    after = model().item()
    fix = "Check the sign of the update, and that the step does not grow without limit."
    expect(after < before, f"a loss below {before:.6g} after {MANY} updates", f"{after:.6g}", fix)


@check("optimizer", rests=True)
def leaves_parameters_without_a_gradient(subject: ComponentUnderTest) -> None:
    """A parameter whose gradient is None is not changed."""
    model = Line()
    optimizer, before = _build(subject, model), model.bias.detach().clone()
    for _ in range(2):
        _step(optimizer, model, without="bias")
    fix = "Skip a parameter if its grad is None: a layer may be unused in a step."
    expect(torch.equal(before, model.bias), "an unchanged parameter", "a changed one", fix)


@check("optimizer", rests=True)
def continues_from_its_state(subject: ComponentUnderTest) -> None:
    """After saving and loading its state_dict, it continues bit for bit."""
    model, other = Line(), Line()
    optimizer, resumed = _build(subject, model), _build(subject, other)
    for _ in range(3):
        _step(optimizer, model)
    resumed.load_state_dict(saved(optimizer.state_dict()))
    other.load_state_dict(model.state_dict())
    for _ in range(3):
        _step(optimizer, model)
        _step(resumed, other)
    fix = "Keep everything that a step needs in self.state or in the groups, as tensors and numbers."
    is_right = _is_same(model.values(), other.values())
    expect(is_right, "the same parameters as without the interruption", "others", fix)


@check("optimizer", rests=True)
def calls_its_closure(subject: ComponentUnderTest) -> None:
    """If needs_closure is True, it calls the closure in every step."""
    model = Line()
    optimizer = _build(subject, model)
    if not _needs_closure(optimizer):
        skip("needs_closure is False")
    calls = _step(optimizer, model)
    fix = "Call closure() in step, within torch.enable_grad(), or remove needs_closure."
    expect(calls > 0, "at least one call of the closure", calls, fix)


@check("optimizer", rests=True)
def returns_to_the_parameters(subject: ComponentUnderTest) -> None:
    """If it moves the parameters for its closure, it moves them back: with lr = 0, they do not change."""
    model = Line()
    optimizer, before = _build(subject, model), model.values()
    if not _needs_closure(optimizer):
        skip("needs_closure is False")
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    _step(optimizer, model)
    fix = "Copy the parameters before the closure, and restore the copies before the update."
    expect(_is_same(before, model.values()), "unchanged parameters with lr = 0", "changed ones", fix)
