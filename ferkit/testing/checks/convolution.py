"""Check of a training step with convolutions: backbones, heads and estimators."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any

import torch
from torch import Tensor, nn

from ferkit.components.options import option_parameters
from ferkit.errors import FerkitError
from ferkit.testing.check import check, expect, skip
from ferkit.testing.checks.module import BATCH, tensors
from ferkit.testing.component_under_test import STAGES, ComponentUnderTest
from ferkit.testing.drawing import draw_faces
from ferkit.testing.poisoned_memory import ConvolutionWatch, fill_freed_memory, relative_error

SMALLEST = 16
"""Minimum of `model.image_size`, in pixels."""
MAPS = (1, 2, 3)
"""Sizes of the smallest feature maps for a head."""
TOLERANCES = {torch.float32: 1e-2, torch.bfloat16: 1.0}
"""Largest relative error of a parameter's gradient in eval mode. Correct gradients: 3e-6 and 0.5 at most."""
NEGLIGIBLE = 1e-3
"""Smallest denominator of the relative error, as a fraction of the norm of all gradients."""
Given = dict[str, Tensor] | Tensor


@check("backbone", "head", "estimator", rests=True)
def trains_as_in_float64(subject: ComponentUnderTest) -> None:
    """Gradients in float32 and bfloat16 match float64, at the smallest and the usual image size.

    In training mode, each convolution is compared separately, because bfloat16 changes the gradients of a
    whole network by up to 100%. In eval mode, the gradients of the parameters are compared too, unless the
    network draws random numbers or cannot run in float64. For a backbone, this uses the smallest size only.
    The usual size is `image_size`.
    """
    watch = ConvolutionWatch()
    is_estimator = subject.component.kind == "estimator"
    steps = _fit_all(subject, watch) if is_estimator else _train_all(subject, watch)
    for bad in steps:
        if not watch.seen:
            skip("it has no convolutions")
        fix = "Call ferkit.plugin.crop_kernels(self) at the end of the constructor, or report a bug of torch."
        expect(not watch.errors, "each convolution as in float64", "; ".join(watch.errors[:2]), fix)
        fix = "Look for half precision, .detach() or torch.empty before these parameters."
        expect(not bad, "finite gradients, as in float64", f"others for {', '.join(bad[:3])}", fix)


def _train_all(subject: ComponentUnderTest, watch: ConvolutionWatch) -> Iterator[list[str]]:
    """Yield the parameters with wrong gradients after each step."""
    for turn, given in enumerate(_inputs(subject)):
        module = subject.build()
        for dtype in TOLERANCES:
            found = _step(module.train(), given, dtype, watch)
            yield [name for name, one in found.items() if not math.isfinite(float(one.norm()))]
        if turn == 0 or subject.component.kind == "head":  # a backbone's largest images take long
            yield from _compare(module.eval(), given, watch)


def _compare(module: nn.Module, given: Given, watch: ConvolutionWatch) -> Iterator[list[str]]:
    """Yield, for each precision, the parameters whose gradients differ from float64.

    The module is in eval mode, because batch norm over few values amplifies rounding errors in training mode.
    """
    watch.is_random = False
    found = {dtype: _step(module, given, dtype, watch) for dtype in TOLERANCES}
    if watch.is_random:
        return
    doubles = {k: v.double() for k, v in given.items()} if isinstance(given, dict) else given.double()
    try:
        expected = _step(module.double(), doubles, torch.float64, nullcontext())
    except RuntimeError:  # it supports float32 only
        return
    least = NEGLIGIBLE * math.hypot(*(float(one.norm()) for one in expected.values()))
    for dtype, tolerance in TOLERANCES.items():
        errors = {name: relative_error(found[dtype][name], true, least) for name, true in expected.items()}
        yield [name for name, error in errors.items() if error > tolerance]


def _step(module: nn.Module, given: Given, dtype: torch.dtype, watch: Any) -> dict[str, Tensor]:
    """Return the gradients of one step, by parameter."""
    module.zero_grad()
    trained = {name: one for name, one in module.named_parameters() if one.requires_grad}
    fill_freed_memory([one.numel() for one in trained.values()])
    with watch, torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        found = tensors(module(given))
    generator = torch.Generator(device="cpu").manual_seed(1)
    slopes = [torch.randn(one.shape, generator=generator, dtype=torch.float64) for one in found]
    total = torch.stack([(one * each).sum() for one, each in zip(found, slopes, strict=True)]).sum()
    if total.requires_grad:
        with watch:
            total.backward()  # type: ignore[no-untyped-call]
    return {name: one.grad for name, one in trained.items() if one.grad is not None}


def _inputs(subject: ComponentUnderTest) -> Iterator[Given]:
    """Yield images of the smallest and the usual size, or feature maps."""
    usual = subject.image_size
    if subject.component.kind == "head":
        smaller = [_draw(subject, side) for side in MAPS]
        yield from (given for given in smaller if _takes(subject, given))
        usual = max(side for _, side in STAGES.values())
    else:
        lower, upper = min(SMALLEST, usual), usual
        while lower < upper:
            middle = (lower + upper) // 2
            is_taken = _takes(subject, _draw(subject, middle))
            lower, upper = (lower, middle) if is_taken else (middle + 1, upper)
        if upper < usual:
            yield _draw(subject, upper)
    yield _draw(subject, usual)


def _draw(subject: ComponentUnderTest, side: int) -> Given:
    """Draw images of this size, or feature maps of at most this size."""
    generator = torch.Generator(device="cpu").manual_seed(side)

    def draw(channels: int, side: int) -> Tensor:
        return torch.randn(BATCH, channels, side, side, generator=generator, device="cpu")

    if subject.component.kind == "backbone":
        return draw(3, side)
    maps = {name: draw(channels, min(side, own)) for name, (channels, own) in STAGES.items()}
    stages = getattr(subject.built, "stages", None)
    return {name: maps[name] for name in stages} if stages else maps["deep"]


def _takes(subject: ComponentUnderTest, given: Given) -> bool:
    try:
        with torch.no_grad():
            subject.built.eval()(given)
    except (FerkitError, ValueError, RuntimeError):
        return False
    return True


def _fit_all(subject: ComponentUnderTest, watch: ConvolutionWatch) -> Iterator[list[str]]:
    """Fit the estimator at each size and precision. It need not support bfloat16."""
    for changes in _sizes(subject):
        for is_mixed in (False, True):
            precision = torch.autocast("cpu", torch.bfloat16, enabled=is_mixed)
            with suppress(Exception) if is_mixed else nullcontext(), watch, precision:
                list(subject.build(**changes).fit(draw_faces(2), draw_faces(1, start=2)))
            yield []


def _sizes(subject: ComponentUnderTest) -> Iterator[dict[str, int]]:
    """Yield no change, then the smallest accepted `image_size`."""
    yield {}
    option = option_parameters(subject.component).get("image_size")
    usual = subject.options.get("image_size", option.default if option else None)
    for side in range(SMALLEST, usual, 4) if isinstance(usual, int) else ():
        if subject.accepts(image_size=side) is not None:
            yield {"image_size": side}
            return
