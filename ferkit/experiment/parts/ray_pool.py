"""Parts as tasks of a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ferkit.evaluation.run_files import PARTS
from ferkit.experiment.parts.pool import RETRIES
from ferkit.experiment.parts.ray_task import train_on_ray
from ferkit.experiment.parts.worker import PartJob
from ferkit.runtime.ray_cluster import (
    check_storage,
    find_shortage,
    import_ray,
    is_ray_death,
    open_cluster,
    resources_of,
    surroundings_of,
)
from ferkit.runtime.workers import Workers


class RayPool:
    """Tasks of a cluster. If a process or node dies, the driver submits the part again.

    Args:
        workers: The options.
        parts: Number of parts to train.
    """

    retries = RETRIES

    def __init__(self, workers: Workers, parts: int) -> None:
        self.size = min(workers.jobs or parts, parts)
        self.notes: Sequence[str] = find_shortage(workers)
        self._refs: list[Any] = []
        self._surroundings = surroundings_of(workers)
        self._task = import_ray().remote(train_on_ray).options(max_retries=0, **resources_of(workers))

    def submit(self, job: PartJob) -> Future[str | None]:
        ref = self._task.remote(self._surroundings, (job.recipe, job.folder, job.name))
        self._refs.append(ref)
        future: Future[str | None] = ref.future()
        return future

    def is_death(self, error: BaseException) -> bool:
        return is_ray_death(error)

    def stop(self) -> None:
        for ref in self._refs:
            import_ray().cancel(ref, force=True)


@contextmanager
def open_ray_pool(workers: Workers, folder: Path, parts: int) -> Iterator[RayPool]:
    """Connect to a cluster, and cancel all tasks after the block.

    Args:
        workers: The options.
        folder: The run folder.
        parts: Number of parts to train.

    Raises:
        RunError: Ray is not installed, the cluster cannot be reached, or a node does not see the run folder.
    """
    with open_cluster(workers):
        check_storage(folder / PARTS)
        pool = RayPool(workers, parts)
        try:
            yield pool
        finally:
            pool.stop()
