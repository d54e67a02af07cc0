"""GPUs that torch can use, found without importing torch."""

from __future__ import annotations

import ctypes
import importlib.util
from pathlib import Path

DRIVER = "libcuda.so.1"


def has_gpu_for_torch() -> bool:
    """Return True if torch is built for CUDA and the NVIDIA driver has a device.

    `CUDA_VISIBLE_DEVICES` hides devices, as in torch.
    """
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None or not any(Path(spec.origin).parent.glob("lib/*torch_cuda*")):
        return False
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError:
        return False
    count = ctypes.c_int(0)
    is_ready = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
    return is_ready and count.value > 0
