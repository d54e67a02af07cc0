"""Number formats of a network, and whether a device supports them."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ferkit.errors import RunError

PRECISIONS = ("float32", "tf32", "bfloat16", "float16")
LOWER_TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
INSTRUCTIONS = {
    "bfloat16": ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"),
    "float16": ("avx512_fp16", "amx_fp16", "fp16"),
}
"""A CPU's names for the instructions of a format. One of them suffices."""


def check_precision(precision: str, device: torch.device) -> list[str]:
    """Warn of a format that the device emulates. Raises RunError for one that it lacks."""
    if device.type == "cuda":
        major, _ = torch.cuda.get_device_capability(device)
        if precision in ("tf32", "bfloat16") and major < 8:
            name = torch.cuda.get_device_name(device)
            raise RunError(f"--precision: {name} has no {precision} (compute capability 8.0). Use float16.")
        return []
    if precision == "tf32":
        raise RunError(
            "--precision: a CPU has no tf32, which is a format of NVIDIA GPUs. Use float32 or bfloat16."
        )
    describe: Callable[[], dict[str, object]] = getattr(torch.cpu, "get_capabilities", dict)
    known, names = describe(), INSTRUCTIONS.get(precision, ())
    if names and not any(known.get(name) for name in names):
        return [f"This CPU has no instructions for {precision}. It computes in float32 and converts."]
    return []


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """Return a context in which a network computes in that precision. Its parameters stay float32."""
    return torch.autocast(device.type, LOWER_TYPES.get(precision), enabled=precision in LOWER_TYPES)


def set_float32(precision: str) -> None:
    """Allow rounding to tf32 in a GPU's float32 multiplications for "tf32", and forbid it otherwise."""
    is_rounded = precision == "tf32"
    torch.set_float32_matmul_precision("high" if is_rounded else "highest")
    torch.backends.cudnn.allow_tf32 = is_rounded
