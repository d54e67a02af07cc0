"""Checks of every `nn.Module`: backbones, heads, outputs and losses."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ferkit.neural.auxiliary import needs_embeddings
from ferkit.testing.check import check, expect, skip
from ferkit.testing.component_under_test import STAGES, ComponentUnderTest
from ferkit.testing.drawing import LABELS

NETWORK = ("backbone", "head", "output")
MODULES = (*NETWORK, "loss")
BATCH = 3


def inputs(subject: ComponentUnderTest, module: nn.Module, count: int = BATCH) -> tuple[Any, ...]:
    """Draw the arguments for a module: `count` images, feature maps or logits; for a loss also targets.

    A loss that needs embeddings gets those too, (count, number of labels).
    """
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
    logits, targets = draw(len(LABELS)), torch.arange(count, device="cpu") % len(LABELS)
    return (logits, targets, draw(len(LABELS))) if needs_embeddings(module) else (logits, targets)


def tensors(found: Any) -> list[Tensor]:
    """Return the tensors of a result as a list, auxiliary values of a head included."""
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], Mapping):
        return [found[0], *found[1].values()]
    return list(found.values()) if isinstance(found, Mapping) else [found]


def answer(subject: ComponentUnderTest, module: nn.Module, count: int = BATCH) -> list[Tensor]:
    """Call the module in eval mode, without gradients."""
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
    """It is an nn.Module."""
    got = type(subject.built).__mro__[1].__name__
    fix = "Derive the class from torch.nn.Module, and call super().__init__() first."
    expect(isinstance(subject.built, nn.Module), "a torch.nn.Module", f"a subclass of {got}", fix)


@check(*MODULES, rests=True)
def answers_in_float32(subject: ComponentUnderTest) -> None:
    """It returns float32 for float32."""
    types = {found.dtype for found in answer(subject, subject.built)}
    fix = "Keep the type of the input: no .double(), no numpy."
    expect(types == {torch.float32}, "float32 tensors", types, fix)


@check(*MODULES, rests=True)
def answers_are_finite(subject: ComponentUnderTest) -> None:
    """It returns finite numbers for ordinary input."""
    bad = sum(int((~torch.isfinite(found)).sum()) for found in answer(subject, subject.built))
    fix = "Look for a division by 0, a logarithm of 0, or an exponential that overflows."
    expect(bad == 0, "finite numbers", f"{bad} that are not finite", fix)


@check(*MODULES, rests=True)
def gradients_are_finite(subject: ComponentUnderTest) -> None:
    """Every trained parameter and the input have a finite gradient."""
    module = subject.build().train()
    given = inputs(subject, module)
    entering = list(given[0].values()) if isinstance(given[0], Mapping) else [given[0]]
    for tensor in entering:
        tensor.requires_grad_()
    total = torch.stack([found.square().sum() for found in tensors(module(*given))]).sum()
    if not total.requires_grad and not any(p.requires_grad for p in module.parameters()):
        skip("it has no trained parameter")
    total.backward()  # type: ignore[no-untyped-call]
    trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
    unused = [name for name, parameter in trained.items() if parameter.grad is None]
    fix = "Use it in forward, without no_grad or .detach(), or remove it. Several GPUs require this."
    expect(not unused, "a gradient for every trained parameter", f"none for {', '.join(unused[:3])}", fix)
    fix = "Remove .detach(), .item(), argmax or no_grad between input and output."
    expect(any(t.grad is not None for t in entering), "a gradient for the input", "none", fix)
    bad = [name for name, p in trained.items() if p.grad is not None and not torch.isfinite(p.grad).all()]
    bad += ["the input" for t in entering if t.grad is not None and not torch.isfinite(t.grad).all()]
    fix = "Look for a square root, norm or logarithm of 0, and add a small number to its argument."
    expect(not bad, "finite gradients", f"others for {', '.join(bad[:3])}", fix)


@check(*MODULES, rests=True)
def takes_a_batch_of_one(subject: ComponentUnderTest) -> None:
    """It accepts a batch of one image in eval mode."""
    found = answer(subject, subject.built, 1)
    shapes = [tuple(one.shape) for one in found]
    fix = "Give squeeze() a dimension. Without one, it removes the batch dimension."
    is_right = all(one.dim() == 0 if subject.component.kind == "loss" else one.shape[0] == 1 for one in found)
    expect(is_right, "a result for one image", f"shapes {shapes}", fix)


@check(*NETWORK, rests=True)
def takes_an_empty_batch(subject: ComponentUnderTest) -> None:
    """An empty batch gives 0 rows or an error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of means over nothing
            shapes = [tuple(found.shape) for found in answer(subject, subject.built, 0)]
    except (ValueError, RuntimeError, IndexError) as error:
        skip(f"it rejects an empty batch, which ferkit never uses: {error}")
    fix = "Return a tensor with 0 rows. Do not reshape with -1 if the batch can be empty."
    expect(all(shape[:1] == (0,) for shape in shapes), "0 rows for 0 images", f"shapes {shapes}", fix)


@check(*NETWORK, rests=True)
def sees_each_image_alone(subject: ComponentUnderTest) -> None:
    """In eval mode, the result for an image does not depend on the rest of the batch."""
    module = subject.built.eval()
    whole, (given,) = answer(subject, module), inputs(subject, module)
    first = {name: one[:1] for name, one in given.items()} if isinstance(given, Mapping) else given[:1]
    with torch.no_grad():
        alone = tensors(module(first))
    fix = "Normalise each image separately, or by statistics from training, as nn.BatchNorm2d does."
    is_right = is_same([found[:1] for found in whole], alone, 1e-3)
    expect(is_right, "the same result for an image alone and in a batch", "different results", fix)


@check(*MODULES, rests=True)
def gives_the_same_answer_twice(subject: ComponentUnderTest) -> None:
    """In eval mode, it returns the same twice."""
    fix = "Apply dropout and noise only if self.training, and keep no state in forward."
    is_right = is_same(answer(subject, subject.built), answer(subject, subject.built))
    expect(is_right, "the same result for the same input in eval mode", "different results", fix)


@check(*MODULES, rests=True)
def leaves_its_input_alone(subject: ComponentUnderTest) -> None:
    """It does not change its input."""
    given = inputs(subject, subject.built)
    with torch.no_grad():
        subject.built.eval()(*given)
    fresh = inputs(subject, subject.built)
    is_right = all(is_same(tensors(a), tensors(b)) for a, b in zip(given, fresh, strict=True))
    fix = "Replace x += y by x = x + y, and use no in-place function, such as relu_, on the input."
    expect(is_right, "the unchanged input", "changed in place", fix)


@check(*MODULES, rests=True)
def is_restored_from_its_state(subject: ComponentUnderTest) -> None:
    """A module loaded from its state_dict returns the same."""
    trained, fresh = subject.build(), subject.build()
    with torch.no_grad():
        for tensor in trained.state_dict().values():
            if tensor.is_floating_point():
                tensor.mul_(1.25).add_(0.01)
    fresh.load_state_dict(trained.state_dict())
    fix = "Store everything that is learned as nn.Parameter or buffer, and cache nothing computed from it."
    is_right = is_same(answer(subject, trained), answer(subject, fresh), 1e-6)
    expect(is_right, "the results of the module whose state was loaded", "different results", fix)


@check(*MODULES)
def keeps_no_tensor_outside_its_state(subject: ComponentUnderTest) -> None:
    """All its tensors are parameters or buffers, which saving and `.to(device)` include."""
    loose = [
        f"{name or type(module).__name__}.{key}"
        for name, module in subject.built.named_modules()
        for key, value in vars(module).items()
        if key not in STATE and _holds_tensor(value)
    ]
    fix = 'Store it with self.register_buffer("name", tensor), or as nn.Parameter.'
    expect(not loose, "tensors as parameters or buffers", ", ".join(loose), fix)


STATE = ("_parameters", "_buffers")
"""Attributes in which torch stores the state of a module."""


def _holds_tensor(value: Any) -> bool:
    """Return True for a tensor, or a list, tuple or mapping that contains one."""
    if isinstance(value, Mapping):
        value = list(value.values())
    return isinstance(value, Tensor) or (
        isinstance(value, list | tuple) and any(isinstance(one, Tensor) for one in value)
    )


@check(*MODULES, rests=True)
def can_be_tried_on_nothing(subject: ComponentUnderTest) -> None:
    """It can be built and called on torch's meta device, as `ferkit check` does."""
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
    fix = "Create tensors on the device of the input: x.new_zeros(...) or torch.zeros(..., device=x.device)."
    expect(shapes == expected, f"shapes {expected} on the meta device too", f"{shapes}", fix)


@check(*MODULES, rests=True)
def runs_on_a_gpu(subject: ComponentUnderTest) -> None:
    """It returns the same on a GPU, to 1e-2."""
    if not torch.cuda.is_available():
        skip("torch sees no GPU here")
    module = subject.build().eval()
    expected = answer(subject, module)
    given = [moved(one, "cuda") for one in inputs(subject, module)]
    with torch.no_grad():
        found = [one.cpu() for one in tensors(module.to("cuda")(*given))]
    fix = "Create tensors on the device of the input, and store constants as parameters or buffers."
    expect(is_same(found, expected, 1e-2), "the result of the CPU", "a different result", fix)


@check(*MODULES, rests=True)
def reports_its_time(subject: ComponentUnderTest) -> str:
    """Duration, without a limit."""
    module = subject.built.eval()
    given = inputs(subject, module)
    with torch.no_grad():
        module(*given)
        started = time.perf_counter()
        module(*given)
    return f"{(time.perf_counter() - started) * 1e3:.2f} ms for {BATCH} images"
