"""The peak of a call's memory."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from ferkit.bench.memory import AllocatedMemory, MemoryMeter, ResidentMemory, make_meter, resident

SIZE = 64 * 2**20


def test_what_is_freed_again_counts_towards_the_peak() -> None:
    with ResidentMemory(resident()) as meter:
        block = np.ones(SIZE, dtype=np.uint8)
        time.sleep(0.05)
        del block
    assert 0.9 * SIZE < meter.peak < 2 * SIZE


def test_what_was_there_at_the_base_does_not_count() -> None:
    block = np.ones(SIZE, dtype=np.uint8)
    with ResidentMemory(resident()) as meter:
        assert len(block) == SIZE
    assert meter.peak < SIZE / 2


def test_a_gpus_peak_is_its_allocators(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: asked.append("reset"))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 123)
    with make_meter(torch.device("cuda"), base=0) as meter:
        assert asked == ["reset"]
    assert isinstance(meter, AllocatedMemory)
    assert meter.peak == 123


def test_another_processes_memory_is_not_told() -> None:
    with MemoryMeter() as meter:
        pass
    assert meter.peak is None
