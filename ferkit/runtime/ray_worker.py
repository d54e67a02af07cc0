"""An actor of a Ray cluster that runs one function at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from ferkit.runtime.ray_cluster import (
    Surroundings,
    import_ray,
    is_ray_death,
    resources_of,
    surroundings_of,
    take_over,
)
from ferkit.runtime.workers import Workers

Result = TypeVar("Result")


class RayWorker:
    """A process on any node of a cluster, as `WorkerProcess` is one on this machine.

    If it dies, the next `submit` starts another one, on any node that has the resources.

    Args:
        workers: The options.
    """

    def __init__(self, workers: Workers) -> None:
        self._actor_class = import_ray().remote(FerkitWorker).options(max_restarts=0, **resources_of(workers))
        self._surroundings = surroundings_of(workers)
        self._current: Future[Any] | None = None
        self._actor = self._start()

    def submit(self, function: Callable[..., Result], *arguments: object) -> Future[Result]:
        """Run a function of a module. Its future raises an exception for which `is_ray_death` holds."""
        if self._current and self._current.done():
            error = self._current.exception()
            if error and is_ray_death(error):
                self._actor = self._start()
        future: Future[Result] = self._actor.run.remote(function, arguments).future()
        self._current = future
        return future

    def stop(self) -> None:
        """End the process, also in the middle of a function."""
        import_ray().kill(self._actor)

    def _start(self) -> Any:
        return self._actor_class.remote(self._surroundings)


class FerkitWorker:
    """The actor of a `RayWorker`, whose processes have this name.

    Args:
        surroundings: Those of the driver.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        take_over(surroundings)

    def run(self, function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        return function(*arguments)
