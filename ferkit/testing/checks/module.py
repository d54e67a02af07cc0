"""Checks of what is an `nn.Module`: backbones, heads, outputs and losses."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ferkit.testing.check import check, expect, skip
from ferkit.testing.component_under_test import STAGES, ComponentUnderTest
from ferkit.testing.drawing import LABELS

NETWORK = ("backbone", "head", "output")
MODULES = (*NETWORK, "loss")
BATCH = 3


def inputs(subject: ComponentUnderTest, module: nn.Module, count: int = BATCH) -> tuple[Any, ...]:
    """What a module of its kind is called with: `count` images, features or logits; a loss, targets too."""
    generator = torch.Generator(device="cpu").manual_seed(count)

    def draw(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator, device="cpu")

    if subject.component.kind == "backbone":
        return (draw(3, subject.image_size, subject.image_size),)
    if subject.component.kind == "head":
        maps = {stage: draw(channels, side, side) for stage, (channels, side) in STAGES.items()}
        stages = getattr(module, "stages", None)
        return ({stage: maps[stage] for stage in stages} if stages else maps["deep"],)
    if subject.component.kind == "output":
        return (draw(len(LABELS)),)
    return draw(len(LABELS)), torch.arange(count, device="cpu") % len(LABELS)


def tensors(found: Any) -> list[Tensor]:
    """A module's answer as a list: of each stage, or the one."""
    return list(found.values()) if isinstance(found, Mapping) else [found]


def answer(subject: ComponentUnderTest, module: nn.Module, count: int = BATCH) -> list[Tensor]:
    """In eval mode, without gradients."""
    with torch.no_grad():
        return tensors(module.eval()(*inputs(subject, module, count)))


def is_same(one: list[Tensor], other: list[Tensor], tolerance: float = 0.0) -> bool:
    return len(one) == len(other) and all(
        a.shape == b.shape and torch.allclose(a, b, rtol=tolerance, atol=tolerance)
        for a, b in zip(one, other, strict=True)
    )


def moved(value: Any, device: str) -> Any:
    if isinstance(value, Mapping):
        return {name: one.to(device) for name, one in value.items()}
    return value.to(device)


@check(*MODULES)
def is_a_module(subject: ComponentUnderTest) -> None:
    """An nn.Module."""
    came = type(subject.built).__mro__[1].__name__
    mend = "Derive it from torch.nn.Module, and call super().__init__() first."
    expect(isinstance(subject.built, nn.Module), "a torch.nn.Module", f"a subclass of {came}", mend)


@check(*MODULES, rests=True)
def answers_in_float32(subject: ComponentUnderTest) -> None:
    """float32 for float32."""
    types = {found.dtype for found in answer(subject, subject.built)}
    mend = "Leave the type of its input as it is: no .double() and no numpy on the way."
    expect(types == {torch.float32}, "float32 tensors", types, mend)


@check(*MODULES, rests=True)
def answers_are_finite(subject: ComponentUnderTest) -> None:
    """Finite numbers for ordinary input."""
    bad = sum(int((~torch.isfinite(found)).sum()) for found in answer(subject, subject.built))
    mend = "Look for a division by 0, a logarithm of 0, or an exponential that overflows."
    expect(bad == 0, "finite numbers", f"{bad} that are not", mend)


@check(*MODULES, rests=True)
def gradients_are_finite(subject: ComponentUnderTest) -> None:
    """A finite gradient for every trained parameter, and for what comes in."""
    module = subject.build().train()
    given = inputs(subject, module)
    entering = list(given[0].values()) if isinstance(given[0], Mapping) else [given[0]]
    for tensor in entering:
        tensor.requires_grad_()
    total = torch.stack([found.square().sum() for found in tensors(module(*given))]).sum()
    if not total.requires_grad and not any(p.requires_grad for p in module.parameters()):
        skip("nothing in it is trained")
    total.backward()  # type: ignore[no-untyped-call]
    trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
    unused = [name for name, parameter in trained.items() if parameter.grad is None]
    mend = "Use it in forward (not under no_grad or .detach()), or take it out: several GPUs wait for it."
    expect(not unused, "a gradient for every trained parameter", f"none for {', '.join(unused[:3])}", mend)
    mend = "Let the gradient through: no .detach(), .item(), argmax or no_grad on the way."
    expect(any(t.grad is not None for t in entering), "a gradient for what comes in", "none", mend)
    bad = [name for name, p in trained.items() if p.grad is not None and not torch.isfinite(p.grad).all()]
    bad += ["what comes in" for t in entering if t.grad is not None and not torch.isfinite(t.grad).all()]
    mend = "Look for the square root or the norm of 0, or a logarithm of 0: add a small number inside."
    expect(not bad, "finite gradients", f"others for {', '.join(bad[:3])}", mend)


@check(*MODULES, rests=True)
def takes_a_batch_of_one(subject: ComponentUnderTest) -> None:
    """One image alone, in eval mode."""
    found = answer(subject, subject.built, 1)
    shapes = [tuple(one.shape) for one in found]
    mend = "Don't squeeze() without a dimension: a batch of one loses its first."
    is_right = all(one.dim() == 0 if subject.component.kind == "loss" else one.shape[0] == 1 for one in found)
    expect(is_right, "an answer for one image", f"shapes {shapes}", mend)


@check(*NETWORK, rests=True)
def takes_an_empty_batch(subject: ComponentUnderTest) -> None:
    """No image at all: 0 rows, or an error, but no row of its own making."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of means over nothing
            shapes = [tuple(found.shape) for found in answer(subject, subject.built, 0)]
    except (ValueError, RuntimeError, IndexError) as error:
        skip(f"it refuses an empty batch, which ferkit never gives: {error}")
    mend = "Give a tensor with 0 rows: no reshape with -1 where the batch may be 0."
    expect(all(shape[:1] == (0,) for shape in shapes), "0 rows for 0 images", f"shapes {shapes}", mend)


@check(*NETWORK, rests=True)
def sees_each_image_alone(subject: ComponentUnderTest) -> None:
    """An image's answer whatever else is in the batch, in eval mode."""
    module = subject.built.eval()
    whole, (given,) = answer(subject, module), inputs(subject, module)
    first = {name: one[:1] for name, one in given.items()} if isinstance(given, Mapping) else given[:1]
    with torch.no_grad():
        alone = tensors(module(first))
    mend = "Normalise by each image, or by statistics kept from training as nn.BatchNorm2d does."
    is_right = is_same([found[:1] for found in whole], alone, 1e-3)
    expect(is_right, "the same answer for an image alone and among others", "another one", mend)


@check(*MODULES, rests=True)
def gives_the_same_answer_twice(subject: ComponentUnderTest) -> None:
    """The same twice in eval mode."""
    mend = "Let what is random (dropout, noise) depend on self.training, and keep no state in forward."
    is_right = is_same(answer(subject, subject.built), answer(subject, subject.built))
    expect(is_right, "the same answer to the same input in eval mode", "another one", mend)


@check(*MODULES, rests=True)
def leaves_its_input_alone(subject: ComponentUnderTest) -> None:
    """What comes in, unchanged."""
    given = inputs(subject, subject.built)
    with torch.no_grad():
        subject.built.eval()(*given)
    fresh = inputs(subject, subject.built)
    is_right = all(is_same(tensors(a), tensors(b)) for a, b in zip(given, fresh, strict=True))
    mend = "Take x = x + y for x += y, and no function that ends in _ on what is given."
    expect(is_right, "its input as it was", "changed in place", mend)


@check(*MODULES, rests=True)
def is_restored_from_its_state(subject: ComponentUnderTest) -> None:
    """The same answers from its state_dict."""
    trained, fresh = subject.build(), subject.build()
    with torch.no_grad():
        for tensor in trained.state_dict().values():
            if tensor.is_floating_point():
                tensor.mul_(1.25).add_(0.01)
    fresh.load_state_dict(trained.state_dict())
    mend = "Keep all that it learns in nn.Parameter or register_buffer, and none that is worked out before."
    is_right = is_same(answer(subject, trained), answer(subject, fresh), 1e-6)
    expect(is_right, "the answers of the module whose state was loaded", "others", mend)


@check(*MODULES)
def keeps_no_tensor_outside_its_state(subject: ComponentUnderTest) -> None:
    """No tensor that neither device moves nor saving take along."""
    loose = [
        f"{name or type(module).__name__}.{key}"
        for name, module in subject.built.named_modules()
        for key, value in vars(module).items()
        if key not in STATE and _holds_tensor(value)
    ]
    mend = 'Keep it with self.register_buffer("name", tensor), or as an nn.Parameter.'
    expect(not loose, "tensors as parameters or buffers, which .to(device) moves", ", ".join(loose), mend)


STATE = ("_parameters", "_buffers")
"""Where torch keeps what belongs to a module's state."""


def _holds_tensor(value: Any) -> bool:
    """Whether it is one, or a list, tuple or dictionary with one in it."""
    if isinstance(value, Mapping):
        value = list(value.values())
    return isinstance(value, Tensor) or (
        isinstance(value, list | tuple) and any(isinstance(one, Tensor) for one in value)
    )


@check(*MODULES, rests=True)
def can_be_tried_on_nothing(subject: ComponentUnderTest) -> None:
    """Built and called on torch's meta device, as `ferkit check` does."""
    expected = [tuple(found.shape) for found in answer(subject, subject.built)]
    with torch.device("meta"):
        module = subject.build().eval()
        given = [moved(one, "meta") for one in inputs(subject, module)]
        try:
            with torch.no_grad():
                found = tensors(module(*given))
        except NotImplementedError as error:
            skip(f"not judged by ferkit check either: {str(error).splitlines()[0]}")
        except RuntimeError as error:
            if "meta" in str(error):
                skip(f"not judged by ferkit check either: {str(error).splitlines()[0]}")
            raise
    shapes = [tuple(one.shape) for one in found]
    mend = "Make its tensors where its input is: x.new_zeros(...), torch.zeros(..., device=x.device)."
    expect(shapes == expected, f"shapes {expected} on the meta device too", f"{shapes}", mend)


@check(*MODULES, rests=True)
def runs_on_a_gpu(subject: ComponentUnderTest) -> None:
    """The same answer on a GPU, to 1e-2."""
    if not torch.cuda.is_available():
        skip("torch sees no GPU here")
    module = subject.build().eval()
    expected = answer(subject, module)
    given = [moved(one, "cuda") for one in inputs(subject, module)]
    with torch.no_grad():
        found = [one.cpu() for one in tensors(module.to("cuda")(*given))]
    mend = "Make its tensors where its input is, and keep its own as parameters or buffers."
    expect(is_same(found, expected, 1e-2), "the answer that it gives on the CPU", "another one", mend)


@check(*MODULES, rests=True)
def tells_its_time(subject: ComponentUnderTest) -> str:
    """Measured, not judged."""
    module = subject.built.eval()
    given = inputs(subject, module)
    with torch.no_grad():
        module(*given)
        started = time.perf_counter()
        module(*given)
    return f"{(time.perf_counter() - started) * 1e3:.2f} ms for {BATCH} images"
