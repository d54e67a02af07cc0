"""Workers that train the parts of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol

from ferkit.experiment.parts.worker import PartJob, train_in_worker
from ferkit.experiment.run import RunRequest
from ferkit.neural.options import Fit
from ferkit.runtime.worker_process import THREADS, WorkerProcess
from ferkit.runtime.workers import threads_of

RETRIES = 2
"""Number of times that a part continues in a new process after the death of its process."""


class Pool(Protocol):
    """Workers for parts.

    Attributes:
        notes: Warnings for the user.
        size: Number of parts that may be submitted at a time.
        retries: Number of times that the driver submits a part again after the death of its worker.
    """

    notes: Sequence[str]
    size: int
    retries: int

    def submit(self, job: PartJob) -> Future[str | None]:
        """Train a part. The result is the message of an error, or None."""

    def is_death(self, error: BaseException) -> bool:
        """Return True if the exception says that a worker died."""


class ProcessPool:
    """Processes of this machine.

    Args:
        jobs: Number of processes.
        devices: Value of CUDA_VISIBLE_DEVICES for each process, in turn. Empty leaves it unchanged.
    """

    retries = RETRIES
    notes: Sequence[str] = ()

    def __init__(self, jobs: int, devices: list[str]) -> None:
        self.size = jobs
        threads = str(threads_of(jobs))
        self._workers = [
            WorkerProcess(
                {
                    **dict.fromkeys(THREADS, threads),
                    **({"CUDA_VISIBLE_DEVICES": devices[place % len(devices)]} if devices else {}),
                }
            )
            for place in range(jobs)
        ]

    def submit(self, job: PartJob) -> Future[str | None]:
        worker = next(one for one in self._workers if one.is_free)
        return worker.submit(train_in_worker, job)

    def is_death(self, error: BaseException) -> bool:
        return isinstance(error, BrokenProcessPool)

    def stop(self) -> None:
        for worker in self._workers:
            worker.stop()


@contextmanager
def open_pool(order: RunRequest, parts: int) -> Iterator[Pool]:
    """Start the workers of a run, and stop them after the block, also in the middle of a training.

    Args:
        order: The run.
        parts: Number of parts to train.
    """
    workers = order.workers
    assert workers
    if workers.on == "ray":
        from ferkit.experiment.parts.ray_pool import open_ray_pool

        with open_ray_pool(workers, order.folder, parts) as tasks:
            yield tasks
        return
    pool = ProcessPool(min(workers.jobs or 1, parts), find_gpus(order.recipe.fit))
    try:
        yield pool
    finally:
        pool.stop()


def find_gpus(fit: Fit) -> list[str]:
    """Return a value of CUDA_VISIBLE_DEVICES for each GPU. Empty if there are not several, or one is set."""
    import torch

    if fit.device not in ("auto", "cuda") or torch.cuda.device_count() < 2:
        return []
    given = [one.strip() for one in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if one.strip()]
    return given or [str(index) for index in range(torch.cuda.device_count())]
