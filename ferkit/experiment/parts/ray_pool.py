"""Parts as tasks of a Ray cluster."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ferkit.errors import RunError
from ferkit.evaluation.run_files import PARTS
from ferkit.experiment.parts.options import Workers, check_ray
from ferkit.experiment.parts.pool import RETRIES
from ferkit.experiment.parts.ray_task import sees, train_on_ray
from ferkit.experiment.parts.worker import PartJob

SECONDS = 60
"""Time in which a node answers."""
PASSED = ("FERKIT_", "XDG_CACHE_HOME", "HF_HOME", "TORCH_HOME")
"""Prefixes of the environment variables that tasks get from the driver."""
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
}
"""Settings that Ray reads when it is imported. The last one hides the logs of a lost node."""


class RayPool:
    """Tasks of a cluster. If a process or node dies, the driver submits the part again.

    Args:
        workers: The options.
        parts: Number of parts to train.
    """

    retries = RETRIES

    def __init__(self, workers: Workers, parts: int) -> None:
        ray = import_ray()
        self.size = min(workers.jobs or parts, parts)
        self.notes: Sequence[str] = find_shortage(workers)
        self._refs: list[Any] = []
        self._environment = {name: text for name, text in os.environ.items() if name.startswith(PASSED)}
        self._environment["OMP_NUM_THREADS"] = str(max(1, int(workers.cpus)))
        memory = {} if workers.memory is None else {"memory": int(workers.memory * 1e9)}
        resources = {"num_cpus": workers.cpus, "num_gpus": workers.gpus, **memory}
        self._task = ray.remote(train_on_ray).options(max_retries=0, **resources)

    def submit(self, job: PartJob) -> Future[str | None]:
        values = (job.recipe, job.folder, job.name)
        ref = self._task.remote(self._environment, list(sys.path), os.getcwd(), values)
        self._refs.append(ref)
        future: Future[str | None] = ref.future()
        return future

    def is_death(self, error: BaseException) -> bool:
        from ray.exceptions import RayError, RayTaskError

        return isinstance(error, RayError) and not isinstance(error, RayTaskError)

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
    ray = import_ray()
    is_ours = not ray.is_initialized()
    if is_ours:
        connect(workers.address)
    try:
        check_storage(folder)
        pool = RayPool(workers, parts)
        try:
            yield pool
        finally:
            pool.stop()
    finally:
        if is_ours:
            ray.shutdown()


def import_ray() -> Any:
    """Import Ray, which `check_ray` has found."""
    check_ray()
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    import ray

    return ray


def connect(address: str | None) -> None:
    """Connect to a cluster, or start one on this machine. Raises RunError."""
    given = address or os.environ.get("RAY_ADDRESS")
    local = {} if given else {"include_dashboard": False}
    try:
        if given:
            _knock(given)
        import_ray().init(address=given or "local", log_to_driver=False, logging_level="ERROR", **local)
    except Exception as error:
        where = given or "a new cluster on this machine"
        reason = (
            str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
        )
        raise RunError(
            f"Cannot connect to Ray at {where}: {reason}. Start the cluster with `ray start`, and give its "
            "HOST:PORT as --address."
        ) from error


def _knock(address: str) -> None:
    """Raise OSError if no server answers at HOST:PORT. Ray itself tries for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=10).close()


def check_storage(folder: Path) -> None:
    """Raise RunError if a node of the cluster does not see the run folder, or lacks ferkit."""
    ray = import_ray()
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    marker = (folder / PARTS / f".{secrets.token_hex(4)}").absolute()
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    try:
        for node in ray.nodes():
            if not node["Alive"]:
                continue
            where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            look = ray.remote(sees).options(num_cpus=0, scheduling_strategy=where)
            name = node["NodeManagerHostname"]
            try:
                is_seen = ray.get(look.remote(marker), timeout=SECONDS)
            except ray.exceptions.RayError as error:
                if not is_alive(node["NodeID"]):
                    continue
                reason = str(error).strip().splitlines()[-1]
                raise RunError(
                    f"Cannot train on the node {name}: {reason}. Install the same ferkit and Python there."
                ) from error
            if not is_seen:
                raise RunError(
                    f"Cannot train on the node {name}: it does not see {folder.absolute()}. Give an --out on "
                    "storage that all nodes share."
                )
    finally:
        marker.unlink(missing_ok=True)


def is_alive(node: str) -> bool:
    """Return False for a node that has left the cluster."""
    return any(one["Alive"] for one in import_ray().nodes() if one["NodeID"] == node)


def find_shortage(workers: Workers) -> list[str]:
    """Return a warning if no node has the resources of one task. The cluster may still grow."""
    needed = {"CPU": workers.cpus, "GPU": workers.gpus, "memory": (workers.memory or 0) * 1e9}
    nodes = [node["Resources"] for node in import_ray().nodes() if node["Alive"]]
    if any(all(node.get(name, 0) >= count for name, count in needed.items()) for node in nodes):
        return []
    words = f"{workers.cpus:g} CPUs, {workers.gpus:g} GPUs and {workers.memory or 0:g} GB"
    return [f"No node of the Ray cluster has {words} for a training. The run waits for one. Ctrl-C stops it."]
