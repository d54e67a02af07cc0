"""The number format that a network computes in, and what a device can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import torch

from ferkit.errors import RunError

Precision = Literal["float32", "tf32", "bfloat16", "float16"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
INSTRUCTIONS = {
    "bfloat16": ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"),
    "float16": ("avx512_fp16", "amx_fp16", "fp16"),
}
"""What a CPU calls its instructions for a format; one of them is enough."""


def check_precision(precision: str, device: torch.device) -> list[str]:
    """Warnings of what the device only imitates. Raises RunError where it can't compute in that precision."""
    if precision not in PRECISIONS:
        raise RunError(f"--precision: expected one of {', '.join(PRECISIONS)}, got {precision!r}")
    if device.type == "cuda":
        return _check_gpu(precision, device)
    if precision == "tf32":
        raise RunError(
            "--precision: a CPU has no tf32, which is a format of NVIDIA's GPUs. Take float32, or bfloat16."
        )
    describe: Callable[[], dict[str, object]] = getattr(torch.cpu, "get_capabilities", dict)
    known, names = describe(), INSTRUCTIONS.get(precision, ())
    if names and not any(known.get(name) for name in names):
        return [f"This CPU has no instructions for {precision}: it computes in float32 and converts."]
    return []


def _check_gpu(precision: str, device: torch.device) -> list[str]:
    major, _ = torch.cuda.get_device_capability(device)
    if precision in ("tf32", "bfloat16") and major < 8:
        name = torch.cuda.get_device_name(device)
        raise RunError(f"--precision: {name} has no {precision} (compute capability 8.0). Take float16.")
    return []


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """A context in which the network computes in that precision; its parameters stay float32."""
    return torch.autocast(device.type, lower_type(precision), enabled=lower_type(precision) is not None)


def lower_type(precision: str) -> torch.dtype | None:
    """The 16-bit type, if it is one."""
    return {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(precision)


def set_float32(precision: str) -> None:
    """Let a GPU's float32 multiplications round to tf32, or see that they don't."""
    is_rounded = precision == "tf32"
    torch.set_float32_matmul_precision("high" if is_rounded else "highest")
    torch.backends.cudnn.allow_tf32 = is_rounded
