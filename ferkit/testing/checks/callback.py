"""Checks of callbacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ferkit.interfaces import Callback
from ferkit.testing.check import check, expect, skip
from ferkit.testing.component_under_test import ComponentUnderTest
from ferkit.testing.drawing import LABELS
from ferkit.testing.training import SmallTraining, draw_batch, saved, seed_all

SIZES = (6, 3, 1)
"""Sizes of batches: even, odd, and one image."""


def _changed(subject: ComponentUnderTest) -> Iterator[tuple[tuple[Tensor, Tensor], Any]]:
    """Yield batches and what `change_batch` makes of copies of them."""
    callback = subject.build()
    SmallTraining(callback)
    with torch.random.fork_rng(devices=[]):
        seed_all(0)
        callback.begin_epoch(1)
        for size in SIZES:
            for is_soft in (False, True):
                images, targets = draw_batch(size, size, is_soft)
                yield (images, targets), callback.change_batch(images.clone(), targets.clone())


@check("callback", is_basis=True)
def is_a_callback(subject: ComponentUnderTest) -> None:
    """It is a subclass of ferkit.plugin.Callback."""
    got = type(subject.built).__mro__[1].__name__
    fix = "Derive the class from ferkit.plugin.Callback, and override the methods that it needs."
    expect(isinstance(subject.built, Callback), "a subclass of Callback", f"a subclass of {got}", fix)


@check("callback", rests=True)
def keeps_the_shape_of_images(subject: ComponentUnderTest) -> None:
    """change_batch returns finite images of the same shape and type."""
    for (images, _), found in _changed(subject):
        is_pair = isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], Tensor)
        expect(is_pair, "a pair (images, targets)", type(found).__name__, "Return images, targets.")
        expected, got = (images.dtype, tuple(images.shape)), (found[0].dtype, tuple(found[0].shape))
        fix = "Return images of the shape and type of the input, also for an odd batch and for one image."
        expect(expected == got, f"{expected[0]} of shape {expected[1]}", f"{got[0]} of shape {got[1]}", fix)
        bad = int((~torch.isfinite(found[0])).sum())
        fix = "Look for a division by 0, as with a batch of one image."
        expect(bad == 0, "finite images", f"{bad} numbers that are not finite", fix)


@check("callback", rests=True)
def targets_are_labels_or_distributions(subject: ComponentUnderTest) -> None:
    """change_batch returns labels (B,), or soft targets (B, K) of 0 or more whose rows sum to 1."""
    for (images, _), (_, targets) in _changed(subject):
        wrong = _wrong_targets(targets, len(images))
        fix = "Mix one-hot targets by weights that sum to 1, and keep one row for each image."
        expect(not wrong, f"{len(images)} labels or rows that sum to 1", wrong, fix)


def _wrong_targets(targets: Tensor, count: int) -> str:
    """Describe wrong targets, or return ""."""
    if targets.dim() == 1 and targets.dtype == torch.int64:
        is_known = bool(((targets >= 0) & (targets < len(LABELS))).all())
        return "" if is_known and len(targets) == count else f"labels {targets.tolist()}"
    if targets.shape != (count, len(LABELS)) or not targets.is_floating_point():
        return f"{targets.dtype} of shape {tuple(targets.shape)}"
    sums = targets.sum(dim=1)
    is_right = bool((targets >= 0).all()) and torch.allclose(sums, torch.ones(count), atol=1e-4)
    return "" if is_right else f"rows with the sums {[round(one, 4) for one in sums.tolist()]}"


@check("callback", rests=True)
def leaves_targets_alone(subject: ComponentUnderTest) -> None:
    """change_batch does not change the given targets in place."""
    callback = subject.build()
    SmallTraining(callback)
    with torch.random.fork_rng(devices=[]):
        seed_all(0)
        callback.begin_epoch(1)
        for is_soft in (False, True):
            images, targets = draw_batch(SIZES[0], is_soft=is_soft)
            given = targets.clone()
            callback.change_batch(images, given)
            fix = "Return new targets. Only the images may be changed in place."
            expect(torch.equal(given, targets), "unchanged targets", "targets changed in place", fix)


def _run(training: SmallTraining, *epochs: int) -> None:
    with torch.random.fork_rng(devices=[]):
        for number in epochs:
            training.run_epoch(number)


@check("callback", rests=True)
def end_epoch_returns_a_bool(subject: ComponentUnderTest) -> None:
    """end_epoch returns True to end the training, else False."""
    training = SmallTraining(subject.build())
    _run(training, 1, 2)
    bad = [repr(one) for one in training.answers if not isinstance(one, bool)]
    fix = "Return False at the end of end_epoch, and True only to end the training."
    expect(not bad, "True or False from end_epoch", ", ".join(bad), fix)


@check("callback", rests=True)
def evaluates_a_network_that_can_be_loaded(subject: ComponentUnderTest) -> None:
    """evaluated_network returns a network with the same keys and finite logits, or None."""
    training = SmallTraining(subject.build())
    _run(training, 1, 2)
    found = training.callback.evaluated_network()
    if found is None:
        skip("evaluated_network returns None")
    expect(isinstance(found, nn.Module), "a torch.nn.Module", type(found).__name__, "Return a network.")
    expected = training.shapes
    got = {name: tuple(one.shape) for name, one in found.state_dict().items()}
    differences = sorted({name for name in expected | got if expected.get(name) != got.get(name)})
    fix = "Return a copy of the network, such as copy.deepcopy(setup.network), not a wrapper around it."
    expect(not differences, "the keys and shapes of the network", f"other {', '.join(differences[:3])}", fix)
    with torch.no_grad():
        logits = found.eval()(draw_batch(SIZES[0])[0])
    fix = "Start with the values of the network, and average its buffers (batch norm statistics) too."
    expect(bool(torch.isfinite(logits).all()), "finite logits", "others", fix)


@check("callback", rests=True)
def continues_from_its_state(subject: ComponentUnderTest) -> None:
    """After saving and loading its state_dict, the training continues bit for bit."""
    training, resumed = SmallTraining(subject.build()), SmallTraining(subject.build())
    _run(training, 1)
    resumed.restore(saved(training.state()))
    for one in (training, resumed):
        _run(one, 2, 3)
    fix = (
        "Return everything that the methods change from state_dict. Use the random generators of torch, "
        "numpy and Python, which are seeded before each epoch."
    )
    for name, a, b in (
        ("trained", training.network, resumed.network),
        ("evaluated", training.evaluated, resumed.evaluated),
    ):
        other = b.state_dict()
        is_right = all(torch.equal(value, other[key]) for key, value in a.state_dict().items())
        expect(is_right, f"the {name} network as without the interruption", "another network", fix)
    expected, got = training.answers[1:], resumed.answers
    expect(expected == got, f"{expected} from end_epoch", got, fix)
