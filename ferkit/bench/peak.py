"""Matrix multiplication peak of a machine, and operation counts of a call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.utils.flop_counter import FlopCounterMode

from ferkit.bench.measuring import REFERENCE, Case, Key
from ferkit.bench.precision import LOWER_TYPES, set_float32

SIDES = {"cpu": (1024, 2048), "cuda": (4096, 8192)}
"""Sizes of the square matrices: large enough to be limited by arithmetic, small enough to be quick."""


def count_flops(call: Callable[[], object]) -> int:
    """Run the call once and count its operations, 2 for each multiply-add.

    torch.utils.flop_counter counts matrix multiplications and convolutions, not elementwise operations.
    """
    counter = FlopCounterMode(display=False)
    with counter:
        call()
    return int(counter.get_total_flops())


def matmul_cases(device: torch.device, precision: str, key: Key) -> list[Case]:
    """Return products of square matrices, the upper limit for any network in that precision."""
    return [_matmul_case(side, device, precision, key) for side in SIDES[device.type]]


def _matmul_case(side: int, device: torch.device, precision: str, key: Key) -> Case:
    kind = LOWER_TYPES.get(precision, torch.float32)
    one, other = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
    out = torch.empty_like(one)

    def multiply() -> None:
        with torch.inference_mode():
            torch.mm(one, other, out=out)

    name = {"stage": REFERENCE, "side": side, **key}
    return Case(name, multiply, images=0, flops=2 * side**3, prepare=partial(set_float32, precision))
