"""What a machine can multiply at most, and what a call multiplies."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.utils.flop_counter import FlopCounterMode

from ferkit.bench.measuring import REFERENCE, Case, Key
from ferkit.bench.precision import lower_type, set_float32

SIDES = {"cpu": (1024, 2048), "cuda": (4096, 8192)}
"""Of the square matrices: large enough to be limited by arithmetic, small enough to take a moment."""


def count_flops(call: Callable[[], object]) -> int:
    """Floating-point operations of matrix multiplications and convolutions, 2 for each multiply-add.

    Counted by torch.utils.flop_counter as the call runs once; what is element by element is not counted.
    """
    counter = FlopCounterMode(display=False)
    with counter:
        call()
    return int(counter.get_total_flops())


def matmul_cases(device: torch.device, precision: str, key: Key) -> list[Case]:
    """Products of two square matrices in that precision: what any network there could reach at most."""
    kind = lower_type(precision) or torch.float32
    cases = []
    for side in SIDES[device.type]:
        one, other = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
        out = torch.empty_like(one)
        multiply = _multiply(one, other, out)
        cases.append(
            Case(
                {"stage": REFERENCE, "side": side, **key},
                multiply,
                images=0,
                flops=2 * side**3,
                prepare=partial(set_float32, precision),
            )
        )
    return cases


def _multiply(one: torch.Tensor, other: torch.Tensor, out: torch.Tensor) -> Callable[[], object]:
    def multiply() -> None:
        with torch.inference_mode():
            torch.mm(one, other, out=out)

    return multiply
