"""How long a call takes: on the host by its clock, on a GPU by events that the GPU itself stamps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import torch


class Timer(Protocol):
    """Whatever can time a call."""

    def __call__(self, call: Callable[[], object]) -> float:
        """Seconds from the call's beginning until all that it set going is done."""


class HostTimer:
    """The host's monotonic clock."""

    def __call__(self, call: Callable[[], object]) -> float:
        started = time.perf_counter()
        call()
        return time.perf_counter() - started


class EventTimer:
    """A pair of GPU events around the call, with nothing under way before it.

    make_event: a `torch.cuda.Event`, or whatever has its `record` and `elapsed_time` (milliseconds);
    synchronize: waits until the GPU has done all that it was given. What the host does between the two events
    counts too, as the GPU then waits for it: an end-to-end stage is timed as its user feels it.
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
    """Events on a GPU, the host's clock elsewhere."""
    if device.type != "cuda":
        return HostTimer()

    def make_event() -> Any:
        return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]

    return EventTimer(make_event, lambda: torch.cuda.synchronize(device))
