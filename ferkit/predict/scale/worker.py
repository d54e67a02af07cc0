"""Workers that predict parts: processes of this machine, or of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from ferkit.runtime.worker_process import THREADS, WorkerProcess
from ferkit.runtime.workers import Workers, threads_of

Result = TypeVar("Result")


class Worker(Protocol):
    """A process that runs one function at a time."""

    def submit(self, function: Callable[..., Result], *arguments: object) -> Future[Result]:
        """Run a function, in a new process if the last one died."""

    def stop(self) -> None:
        """End the process."""


@contextmanager
def open_workers(
    workers: Workers, folder: Path, parts: int, note: Callable[[str], object]
) -> Iterator[Sequence[Worker]]:
    """Start workers, and stop them after the block, also in the middle of a part.

    Args:
        workers: The options.
        folder: The folder that all workers write to.
        parts: Number of parts.
        note: Called with each warning.

    Raises:
        RunError: Ray is not installed, the cluster cannot be reached, or a node does not see the folder.
    """
    if workers.on == "ray":
        with _open_ray_workers(workers, folder, parts, note) as found:
            yield found
        return
    jobs = min(workers.jobs or 1, parts)
    processes = [WorkerProcess(dict.fromkeys(THREADS, str(threads_of(jobs)))) for _ in range(jobs)]
    try:
        yield processes
    finally:
        for one in processes:
            one.stop()


@contextmanager
def _open_ray_workers(
    workers: Workers, folder: Path, parts: int, note: Callable[[str], object]
) -> Iterator[Sequence[Worker]]:
    from ferkit.runtime.ray_cluster import check_storage, count_room, find_shortage, open_cluster
    from ferkit.runtime.ray_worker import RayWorker

    with open_cluster(workers):
        check_storage(folder)
        for warning in find_shortage(workers):
            note(warning)
        count = min(workers.jobs or max(1, count_room(workers)), parts)
        actors = [RayWorker(workers) for _ in range(count)]
        try:
            yield actors
        finally:
            for one in actors:
                one.stop()


def is_death(error: BaseException) -> bool:
    """Return True if an exception says that a worker died."""
    if isinstance(error, BrokenProcessPool):
        return True
    if not type(error).__module__.startswith("ray."):
        return False
    from ferkit.runtime.ray_cluster import is_ray_death

    return is_ray_death(error)
