"""Timers of a call: the host's clock, or events that a GPU stamps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

Timer = Callable[[Callable[[], object]], float]
"""Returns the seconds from the start of a call until all work that it started is done."""


def time_on_host(call: Callable[[], object]) -> float:
    """Time a call by the host's monotonic clock, in seconds."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


class EventTimer:
    """A pair of GPU events around the call. The GPU is idle before it.

    Time that the host spends between the two events counts too, because the GPU waits for it.

    Args:
        make_event: Makes a `torch.cuda.Event`, or an object with its `record` and `elapsed_time` (ms).
        synchronize: Waits until the GPU has finished all its work.
    """

    def __init__(self, make_event: Callable[[], Any], synchronize: Callable[[], object]) -> None:
        self.make_event = make_event
        self.synchronize = synchronize

    def __call__(self, call: Callable[[], object]) -> float:
        begin, end = self.make_event(), self.make_event()
        self.synchronize()
        begin.record()
        call()
        end.record()
        self.synchronize()
        return float(begin.elapsed_time(end)) / 1000


def make_timer(device: torch.device) -> Timer:
    """Return an event timer for a GPU, the host's clock otherwise."""
    if device.type != "cuda":
        return time_on_host
    return EventTimer(
        lambda: torch.cuda.Event(enable_timing=True),  # type: ignore[no-untyped-call]
        lambda: torch.cuda.synchronize(device),
    )
