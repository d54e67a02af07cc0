"""Comparison of each convolution of a training step with the same one in float64."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

FORWARD, BACKWARD = torch.ops.aten.convolution.default, torch.ops.aten.convolution_backward.default
TOLERANCES = {torch.float32: 5e-3, torch.bfloat16: 3e-2, torch.float16: 1e-2}
"""Largest relative error of a convolution's output or gradient.

Correct results have errors of 1e-6, 2e-3 and 3e-4. The tolerance for float32 allows for tf32 on a GPU.
"""
CANCELLED = 1e-4
"""Smallest denominator of the relative error, as a fraction of the product of the factors' norms."""
SMALL = 1100
"""Bytes. glibc keeps a few freed blocks below this size apart, and has many old ones, so more are filled."""
LARGEST = 16 << 20
"""Bytes. The system provides larger blocks, filled with 0."""


class ConvolutionWatch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Compare every convolution, and its gradients, with float64, as long as it is active.

    Freed memory is filled with NaN before each convolution, which reveals values that torch does not write.
    Each combination of shape and precision is compared once.

    Attributes:
        seen: The convolutions that were compared.
        errors: One line for each wrong result.
        is_random: True if an operation drew random numbers.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: set[tuple[object, ...]] = set()
        self.errors: list[str] = []
        self.is_random = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.is_random = self.is_random or torch.Tag.nondeterministic_seeded in func.tags
        key = (func, *map(_describe, args))
        if func not in (FORWARD, BACKWARD) or key in self.seen or args[0].dtype not in TOLERANCES:
            return func(*args, **(kwargs or {}))
        self.seen.add(key)
        tensors = [one for one in args[:3] if isinstance(one, Tensor)]
        fill_freed_memory([one.numel() for one in tensors])
        found = func(*args)
        expected = func(*(one.double() if isinstance(one, Tensor) else one for one in args))
        self.errors += _compare(func, args, _as_tuple(found), _as_tuple(expected))
        return found


def fill_freed_memory(counts: Sequence[int]) -> None:
    """Allocate blocks for these counts of numbers, write NaN there, and free them.

    Most blocks of less than 256 bytes are not reached: glibc serves them from elsewhere.
    """
    for count in set(counts):
        for size in (2 * count, 2 * count + 64, 4 * count, 4 * count + 64):
            if size <= LARGEST:  # every byte 255 is NaN in each format
                number = 4 if size > SMALL else 256
                blocks = [torch.full((size,), 255, dtype=torch.uint8) for _ in range(number)]
                del blocks


def relative_error(found: Tensor, expected: Tensor, least: float = 0.0) -> float:
    """Return ‖found − expected‖ / ‖expected‖ in float64. It is infinite if a number is not finite.

    Args:
        found: The result.
        expected: The result in float64.
        least: Smallest denominator.
    """
    difference = float((found - expected).norm())
    return difference / max(float(expected.norm()), least, 1e-30) if math.isfinite(difference) else math.inf


def _compare(func: Any, args: Any, found: Sequence[Any], expected: Sequence[Any]) -> Iterator[str]:
    if func is FORWARD:
        (maps, weight), (stride, padding) = args[:2], args[3:5]
        parts = [("output", (maps, weight))]
    else:
        (slopes, maps, weight), (stride, padding) = args[:3], args[4:6]
        # The gradient of a bias is a plain sum, and is not compared.
        parts = [("map's gradient", (slopes, weight)), ("weight's gradient", (slopes, maps))]
    for (name, factors), one, true in zip(parts, found, expected, strict=False):
        if one is None or not math.isfinite(float(true.norm())):  # the input is not finite
            continue
        error = relative_error(one, true, CANCELLED * math.prod(float(each.norm()) for each in factors))
        if error > TOLERANCES[maps.dtype]:
            yield (
                f"relative error {error:.2g} of the {name}: kernel {_by(weight.shape[2:])}, "
                f"stride {_by(stride)}, padding {_by(padding)}, on a {_by(maps.shape[2:])} map in "
                f"{str(maps.dtype).removeprefix('torch.')}"
            )


def _as_tuple(found: Any) -> tuple[Any, ...]:
    return (found,) if isinstance(found, Tensor) else tuple(found)


def _describe(argument: Any) -> object:
    if isinstance(argument, Tensor):
        return tuple(argument.shape), argument.dtype, argument.device
    return tuple(argument) if isinstance(argument, list) else argument


def _by(sizes: Sequence[int]) -> str:
    return "×".join(map(str, sizes))
