"""Peak memory of a call."""

from __future__ import annotations

import gc
import threading
from typing import Self

import psutil
import torch

from ferkit.runtime.malloc import give_back

POLL = 0.002
"""Seconds between two readings of the process's memory."""


class MemoryMeter:
    """A context that leaves a call's peak memory in `peak`, in bytes.

    This base measures nothing, for calls that run in another process: its `peak` is None.
    """

    peak: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None: ...


class ResidentMemory(MemoryMeter):
    """Largest resident set of the process inside the context, above `base`. For a CPU.

    The peak includes the network and all that is loaded for the other stages, but neither Python nor torch's
    libraries. Memory freed earlier is returned to the system first, where the C library can. A peak shorter
    than 2 milliseconds may be missed. Two runs agree to some megabytes.

    Args:
        base: Resident set in bytes before the network and the images were loaded.
    """

    def __init__(self, base: int) -> None:
        self.base = base
        self.peak: int = 0
        self._process = psutil.Process()
        self._done = threading.Event()

    def __enter__(self) -> Self:
        release()
        self._look()
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._look()
        self._done.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._done.wait(POLL):
            self._look()

    def _look(self) -> None:
        self.peak = max(self.peak, self._process.memory_info().rss - self.base)


class AllocatedMemory(MemoryMeter):
    """Peak of torch's allocator on a GPU, including the network."""

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def __enter__(self) -> Self:
        torch.cuda.reset_peak_memory_stats(self.device)
        return self

    def __exit__(self, *details: object) -> None:
        self.peak = torch.cuda.max_memory_allocated(self.device)


def resident() -> int:
    """Return the resident set in bytes, after freed memory is returned to the system."""
    release()
    size: int = psutil.Process().memory_info().rss
    return size


def release() -> None:
    """Return all freed memory to the system."""
    gc.collect()
    give_back()


def make_meter(device: torch.device, base: int) -> MemoryMeter:
    """Return a meter for the device. `base` is the result of `resident` before anything was built."""
    return AllocatedMemory(device) if device.type == "cuda" else ResidentMemory(base)
