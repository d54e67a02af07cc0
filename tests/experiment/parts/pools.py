"""Pools of this process, which stand in for real workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import pytest

from ferkit.experiment.parts import worker
from ferkit.experiment.parts.worker import PartJob, train_in_worker


class DeathError(BaseException):
    """Stands for the death of a worker."""


class LastFirst:
    """Trains all parts in this process, the last one first."""

    retries = 2
    notes = ()

    def __init__(self, parts: int) -> None:
        self.size = parts
        self.waiting: list[tuple[PartJob, Future[str | None]]] = []
        self.started: list[str] = []

    def submit(self, job: PartJob) -> Future[str | None]:
        future: Future[str | None] = Future()
        self.waiting.append((job, future))
        self.started.append(job.name)
        if len(self.waiting) == self.size:
            while self.waiting:
                self.size = 1  # parts that are submitted again run at once
                train(*self.waiting.pop())
        return future

    def is_death(self, error: BaseException) -> bool:
        return isinstance(error, BrokenProcessPool)


def train(job: PartJob, future: Future[str | None]) -> None:
    try:
        future.set_result(train_in_worker(job))
    except DeathError:
        future.set_exception(BrokenProcessPool())


def use(monkeypatch: pytest.MonkeyPatch) -> list[LastFirst]:
    """Train the parts of runs in this process. Return the pools that runs open."""
    opened: list[LastFirst] = []

    @contextmanager
    def open_pool(order: object, parts: int) -> Iterator[LastFirst]:
        worker.load_run.cache_clear()
        opened.append(LastFirst(parts))
        yield opened[-1]

    monkeypatch.setattr("ferkit.experiment.parts.pool.open_pool", open_pool)
    return opened


def after_epochs(monkeypatch: pytest.MonkeyPatch, count: int, do: Callable[[], None]) -> None:
    """Call a function in a worker after this number of epochs of all parts, and after each later one."""
    seen = []

    def epoch(self: object, *_: object) -> None:
        seen.append(1)
        if len(seen) >= count:
            do()

    monkeypatch.setattr(worker.NotesProgress, "epoch", epoch)
