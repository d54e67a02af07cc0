"""Device, precision and random numbers of a training."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

from ferkit.errors import RunError
from ferkit.neural.options import Fit
from ferkit.runtime.processes import Processes, joined
from ferkit.runtime.processor import is_intel

if TYPE_CHECKING:
    from accelerate import Accelerator


ONEDNN_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
"""Variables that limit the instructions of oneDNN, which computes torch's convolutions on a CPU."""
WITHOUT_BFLOAT16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")
"""Limits under which oneDNN emulates bfloat16, which is several times slower than float32."""
WITHOUT_AMX = (*WITHOUT_BFLOAT16, "AVX512_CORE_BF16", "AVX512_CORE_FP16")


def make_accelerator(fit: Fit) -> Accelerator:
    """Create an Accelerator for the recipe's device and precision. Raises RunError for a missing device."""
    from accelerate import Accelerator  # slow to import, and only needed for training
    from accelerate.state import AcceleratorState
    from accelerate.utils import DistributedDataParallelKwargs

    device, processes = fit.device, joined()
    if processes.count > 1:
        _check_devices(device, processes)
    elif device.startswith("cuda"):
        index = int(device.partition(":")[2] or 0)
        if index >= torch.cuda.device_count():
            raise RunError(
                f"fit.device is {device!r}, but torch sees {torch.cuda.device_count()} GPUs here. "
                'Use "auto" or "cpu".'
            )
        torch.cuda.set_device(index)
    # Accelerate stores precision and device for the process, and rejects another choice.
    AcceleratorState._reset_state(reset_partial_state=True)
    mixed = {"bfloat16": "bf16", "float16": "fp16"}.get(choose_precision(fit), "no")
    if mixed == "fp16" and (device == "cpu" or not torch.cuda.is_available()):
        raise RunError('fit.precision: "float16" needs a GPU, and torch sees none. Use "bfloat16" or "auto".')
    # Not Apple's GPU, which Accelerate would use: torch has no float64 there.
    # Parameters may be unused, such as the last layers of a backbone.
    wrapping = DistributedDataParallelKwargs(find_unused_parameters=True)
    is_cpu = device == "cpu" or not torch.cuda.is_available()
    return Accelerator(mixed_precision=mixed, cpu=is_cpu, kwargs_handlers=[wrapping])


def _check_devices(device: str, processes: Processes) -> None:
    """Raise RunError unless each process of this machine has a GPU, or the device is the CPU."""
    if ":" in device:
        raise RunError(
            f'fit.device is {device!r}, but {processes.count} processes train on a GPU each. Use "cuda".'
        )
    found, needed = torch.cuda.device_count(), processes.local_count
    if (device == "cuda" or (device == "auto" and found)) and found < needed:
        raise RunError(
            f"Cannot train in {needed} processes on this machine: torch sees {found} GPUs here. Start fewer "
            'processes, or use fit.device = "cpu".'
        )


def choose_device(name: str) -> torch.device:
    """Return the device for auto, cpu, cuda or cuda:1. A GPU has its index, for `torch.cuda.set_device`.

    Raises:
        RunError: The name is invalid, or torch does not see the GPU.
    """
    if not isinstance(name, str):
        raise RunError(f"device: expected auto, cpu, cuda or cuda:0, got {name!r}")
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if name != "cpu" and (kind != "cuda" or (index and not index.isdecimal()) or name.endswith(":")):
        raise RunError(f"device: expected auto, cpu, cuda or cuda:0, got {name!r}")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise RunError(f"device is {name!r}, but torch sees {torch.cuda.device_count()} GPUs here. Use cpu.")
    return torch.device("cpu") if kind == "cpu" else torch.device("cuda", int(index or 0))


def describe_device() -> str:
    """Return the device that "auto" selects, with the name of a GPU."""
    device = choose_device("auto")
    return f"{device}: {torch.cuda.get_device_name(device)}" if device.type == "cuda" else str(device)


def choose_precision(fit: Fit) -> str:
    """Return the name of a precision. "auto" selects bfloat16 if the device computes it faster than float32.

    A processor needs instructions for it, and one of Intel needs AMX. With AVX-512 alone, convolutions took
    1.3 to 4 times as long in bfloat16 as in float32.
    """
    if fit.precision != "auto":
        return fit.precision
    if fit.device != "cpu" and torch.cuda.is_available():
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    describe: Callable[[], dict[str, object]] = getattr(torch.cpu, "get_capabilities", dict)
    capabilities, is_of_intel = describe(), is_intel()
    limits = WITHOUT_AMX if is_of_intel else WITHOUT_BFLOAT16
    if any(os.environ.get(name, "").upper() in limits for name in ONEDNN_LIMITS):
        return "float32"
    fast = ("amx_bf16",) if is_of_intel else ("avx512_bf16", "amx_bf16", "bf16")
    return "bfloat16" if any(capabilities.get(name) for name in fast) else "float32"


def derive_seed(*parts: int) -> int:
    """Derive a seed from numbers. It is the same on every machine."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def seed_everything(seed: int) -> None:
    """Seed all random generators, and make cuDNN deterministic."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
