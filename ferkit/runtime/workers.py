"""Options for the processes that share the work of a command."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from typing import Literal

from ferkit.errors import RunError


@dataclass(frozen=True, slots=True)
class Workers:
    """Processes that train the parts of a run, or predict the parts of a list of files.

    Attributes:
        jobs: Number of parts at a time, 1 or more. None with Ray: as many as the cluster has room for.
        on: "processes" of this machine, or "ray".
        address: Address of the Ray cluster. None: the cluster of RAY_ADDRESS, or a new one on this machine.
        cpus: CPUs, and threads, of each part with Ray.
        gpus: GPUs of each part with Ray, such as 0.5.
        memory: Memory that Ray reserves for each part, in GB. None: no reservation.
    """

    jobs: int | None = None
    on: Literal["processes", "ray"] = "processes"
    address: str | None = None
    cpus: float = 1
    gpus: float = 0
    memory: float | None = None

    @property
    def options(self) -> list[str]:
        """The command's options for these workers."""
        given = {"jobs": self.jobs, "address": self.address, "memory": self.memory}
        if self.on == "ray":
            given |= {"on": self.on, "cpus": self.cpus, "gpus": self.gpus or None}
        words = [(f"--{key}", str(value)) for key, value in given.items() if value is not None]
        return [word for pair in words for word in pair]


def workers_of(jobs: int | None) -> Workers | None:
    """Return processes of this machine, or None for this process. Raises RunError if there are fewer than 1.

    Args:
        jobs: Number of trainings at a time, or None.
    """
    if jobs is None:
        return None
    if not isinstance(jobs, int) or isinstance(jobs, bool) or jobs < 1:
        raise RunError(f"jobs: expected a whole number of at least 1, got {jobs!r}")
    return Workers(jobs)


def check_ray() -> None:
    """Raise RunError with the command that installs Ray, if it is missing."""
    if importlib.util.find_spec("ray") is None:
        raise RunError('Cannot use --on ray: ray is not installed. Run: pip install "ferkit[ray]"')


def threads_of(jobs: int) -> int:
    """Return the number of threads of each of `jobs` processes: OMP_NUM_THREADS, or cores / jobs."""
    if (given := os.environ.get("OMP_NUM_THREADS", "")).isdecimal() and int(given):
        return int(given)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // jobs)
