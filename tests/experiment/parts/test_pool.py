"""The processes that train parts."""

from __future__ import annotations

import os

import pytest

from ferkit.experiment.parts import pool
from ferkit.experiment.parts.pool import find_gpus
from ferkit.neural.options import Fit
from ferkit.runtime.workers import Workers, threads_of


@pytest.mark.subprocess
def test_each_process_has_its_threads_and_its_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr(pool, "train_in_worker", os.getenv)
    made = pool.ProcessPool(2, ["4", "6"])
    try:
        futures = [made.submit("CUDA_VISIBLE_DEVICES") for _ in range(2)]  # type: ignore[arg-type]
        assert [one.result() for one in futures] == ["4", "6"]
        assert made.submit("OMP_NUM_THREADS").result() == "3"  # type: ignore[arg-type]
    finally:
        made.stop()


def test_processes_share_the_cores_unless_the_user_sets_their_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert [threads_of(jobs) for jobs in (1, 2, 3, 16)] == [8, 4, 2, 1]
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads_of(4) == 3


@pytest.mark.parametrize(
    ("device", "count", "visible", "expected"),
    [
        ("auto", 2, "", ["0", "1"]),
        ("cuda", 2, "4, 6", ["4", "6"]),
        ("auto", 1, "", []),
        ("cuda:1", 2, "", []),
        ("cpu", 2, "", []),
    ],
)
def test_each_process_has_one_of_several_gpus(
    monkeypatch: pytest.MonkeyPatch, device: str, count: int, visible: str, expected: list[str]
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert find_gpus(Fit(device=device)) == expected


def test_the_options_of_workers_are_those_of_the_command() -> None:
    assert Workers(jobs=2).options == ["--jobs", "2"]
    on_ray = Workers(on="ray", address="auto", cpus=2, memory=4)
    assert on_ray.options == ["--address", "auto", "--memory", "4", "--on", "ray", "--cpus", "2"]
