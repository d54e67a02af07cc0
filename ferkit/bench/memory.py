"""The most memory that a call had in use."""

from __future__ import annotations

import gc
import threading
from typing import Protocol

import psutil
import torch

from ferkit.runtime.malloc import give_back

POLL = 0.002
"""Seconds between two looks at the process's memory."""


class MemoryMeter(Protocol):
    """A context; when it is left, `peak` is in bytes, or None where nobody looked."""

    @property
    def peak(self) -> int | None: ...

    def __enter__(self) -> object: ...

    def __exit__(self, *details: object) -> None: ...


class Unwatched:
    """For calls whose memory is another process's."""

    peak = None

    def __enter__(self) -> Unwatched:
        return self

    def __exit__(self, *details: object) -> None: ...


class ResidentMemory:
    """On a CPU: the process's largest resident set inside the context, above `base`.

    base: the resident set in bytes before the network and the images were there. So the peak is what
    the call needs with all that is loaded for it and for the other stages, the network included, but neither
    Python nor torch's own libraries: a stage that is measured alone has its own. It is looked at every 2
    milliseconds, so that a shorter peak may be missed; what earlier stages freed is given back to the system
    first, as far as the C library can. Two runs agree to some megabytes.
    """

    def __init__(self, base: int) -> None:
        self.base = base
        self.peak = 0
        self._process = psutil.Process()
        self._done = threading.Event()

    def __enter__(self) -> ResidentMemory:
        release()
        self._look()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._look()
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(POLL):
            self._look()

    def _look(self) -> None:
        self.peak = max(self.peak, self._process.memory_info().rss - self.base)


class AllocatedMemory:
    """On a GPU: the most that torch's allocator had given out, the network included."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.peak = 0

    def __enter__(self) -> AllocatedMemory:
        torch.cuda.reset_peak_memory_stats(self.device)
        return self

    def __exit__(self, *details: object) -> None:
        self.peak = torch.cuda.max_memory_allocated(self.device)


def resident() -> int:
    """The process's resident set in bytes, once what it freed is given back."""
    release()
    size: int = psutil.Process().memory_info().rss
    return size


def release() -> None:
    """Give all freed memory back to the system."""
    gc.collect()
    give_back()


def make_meter(device: torch.device, base: int) -> MemoryMeter:
    """base: of `resident`, before anything was built."""
    return AllocatedMemory(device) if device.type == "cuda" else ResidentMemory(base)
