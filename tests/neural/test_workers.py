from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest
import torch

from ferkit.neural import workers
from ferkit.neural.options import Fit
from ferkit.neural.workers import choose_workers

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def big_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine with a GPU, 16 cores and enough shared memory."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(workers, "_count_cores", lambda: 16)
    monkeypatch.setattr(workers, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(workers.shutil, "disk_usage", lambda path: Usage(0, 0, 2**40))
    return monkeypatch


def test_a_gpu_with_augmentation_on_the_cpu_gets_processes(big_machine: pytest.MonkeyPatch) -> None:
    assert choose_workers(Fit(), 350, True) == 8
    big_machine.setattr(workers, "_count_cores", lambda: 4)
    assert choose_workers(Fit(), 350, True) == 3
    big_machine.setattr(workers, "_count_cores", lambda: 1)
    assert choose_workers(Fit(), 350, True) == 0


def test_a_thread_is_enough_otherwise(big_machine: pytest.MonkeyPatch) -> None:
    assert choose_workers(Fit(), 350, False) == 0
    assert choose_workers(Fit(device="cpu"), 350, True) == 0
    big_machine.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_workers(Fit(), 350, True) == 0


def test_a_number_of_the_recipe_is_used() -> None:
    assert choose_workers(Fit(workers=3), 350, False) == 3
    assert choose_workers(Fit(workers=0), 350, True) == 0


def test_shared_memory_limits_the_processes(big_machine: pytest.MonkeyPatch) -> None:
    batch = 16 * 3 * 100 * 100 * 4
    big_machine.setattr(workers.shutil, "disk_usage", lambda path: Usage(0, 0, 3 * batch * 5))
    assert choose_workers(Fit(batch_size=16), 100, True) == 5
    big_machine.setattr(workers.shutil, "disk_usage", lambda path: Usage(0, 0, batch))
    assert choose_workers(Fit(batch_size=16), 100, True) == 0


@pytest.mark.parametrize("value", [-1, "x", 1.5, True])
def test_another_value_is_one_problem(value: object) -> None:
    from ferkit.recipe.parse import parse

    _, problems = parse({"name": "a", "data": {"name": "sfew"}, "fit": {"workers": value}})
    (found,) = map(str, problems)
    assert found.startswith('fit.workers: expected "auto" or a whole number from 0; got ')
