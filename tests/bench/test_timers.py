"""Timers: a GPU's, through events that a test makes up."""

from __future__ import annotations

import time

import torch

from ferkit.bench.timers import EventTimer, make_timer, time_on_host


class Gpu:
    """Work is queued, and done when it is waited for; an event stamps the time when its turn comes."""

    def __init__(self) -> None:
        self.queue: list[object] = []
        self.now = 0.0
        self.log: list[str] = []

    def launch(self, milliseconds: float) -> None:
        self.queue.append(milliseconds)

    def synchronize(self) -> None:
        self.log.append("synchronize")
        for work in self.queue:
            if isinstance(work, Event):
                work.stamp = self.now
            elif isinstance(work, float):
                self.now += work
        self.queue.clear()


class Event:
    def __init__(self, gpu: Gpu) -> None:
        self.gpu = gpu
        self.stamp: float | None = None

    def record(self) -> None:
        self.gpu.log.append("record")
        self.gpu.queue.append(self)

    def elapsed_time(self, end: Event) -> float:
        assert self.stamp is not None, "read before the GPU came to it"
        assert end.stamp is not None, "read before the GPU came to it"
        return end.stamp - self.stamp


def test_events_time_the_work_of_the_call_alone() -> None:
    gpu = Gpu()
    timer = EventTimer(lambda: Event(gpu), gpu.synchronize)
    gpu.launch(1000.0)  # still under way when the call begins
    assert timer(lambda: gpu.launch(20.0)) == 0.02
    assert gpu.log == ["synchronize", "record", "record", "synchronize"]


def test_the_host_is_timed_by_its_clock() -> None:
    seconds = time_on_host(lambda: time.sleep(0.01))
    assert seconds >= 0.01


def test_each_device_has_its_timer() -> None:
    assert make_timer(torch.device("cpu")) is time_on_host
    assert isinstance(make_timer(torch.device("cuda")), EventTimer)
