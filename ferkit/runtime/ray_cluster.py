"""A Ray cluster: connect to it, and check that its nodes can work for ferkit."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ferkit.errors import RunError
from ferkit.runtime.workers import Workers, check_ray

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
Surroundings = tuple[Mapping[str, str], Sequence[str], str]
"""Environment variables, folders of Python's path, and the working directory of a process."""


def import_ray() -> Any:
    """Import Ray, which `check_ray` has found."""
    check_ray()
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    import ray

    return ray


@contextmanager
def open_cluster(workers: Workers) -> Iterator[None]:
    """Connect to a cluster for the block, unless this process is connected already.

    Raises:
        RunError: Ray is not installed, or the cluster cannot be reached.
    """
    ray = import_ray()
    is_ours = not ray.is_initialized()
    if is_ours:
        connect(workers.address)
    try:
        yield
    finally:
        if is_ours:
            ray.shutdown()


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
    """Raise RunError if a node of the cluster does not see a folder of --out, or lacks ferkit."""
    ray = import_ray()
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    marker = (folder / f".{secrets.token_hex(4)}").absolute()
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
                    f"Cannot use the node {name}: {reason}. Install the same ferkit and Python there."
                ) from error
            if not is_seen:
                raise RunError(
                    f"Cannot use the node {name}: it does not see {folder.absolute()}. Give an --out on "
                    "storage that all nodes share."
                )
    finally:
        marker.unlink(missing_ok=True)


def is_alive(node: str) -> bool:
    """Return False for a node that has left the cluster."""
    return any(one["Alive"] for one in import_ray().nodes() if one["NodeID"] == node)


def sees(marker: Path) -> bool:
    """Return True if a node sees a file of the driver."""
    return marker.exists()


def resources_of(workers: Workers) -> dict[str, float]:
    """Return the options of a task or actor of Ray that reserve the resources of one worker."""
    memory = {} if workers.memory is None else {"memory": int(workers.memory * 1e9)}
    return {"num_cpus": workers.cpus, "num_gpus": workers.gpus, **memory}


def find_shortage(workers: Workers) -> list[str]:
    """Return a warning if no node has the resources of one worker. The cluster may still grow."""
    if count_room(workers):
        return []
    words = f"{workers.cpus:g} CPUs, {workers.gpus:g} GPUs and {workers.memory or 0:g} GB"
    return [f"No node of the Ray cluster has {words} for a worker. ferkit waits for one. Ctrl-C stops it."]


def count_room(workers: Workers) -> int:
    """Return how many workers the nodes of the cluster have room for."""
    needed = {"CPU": workers.cpus, "GPU": workers.gpus, "memory": (workers.memory or 0) * 1e9}
    asked = {name: count for name, count in needed.items() if count}
    nodes = [node["Resources"] for node in import_ray().nodes() if node["Alive"]]
    return sum(min(int(node.get(name, 0) // count) for name, count in asked.items()) for node in nodes)


def surroundings_of(workers: Workers) -> Surroundings:
    """Return what a process on a node takes over from this one, with its number of threads."""
    environment = {name: text for name, text in os.environ.items() if name.startswith(PASSED)}
    environment["OMP_NUM_THREADS"] = str(max(1, int(workers.cpus)))
    return environment, list(sys.path), os.getcwd()


def take_over(surroundings: Surroundings) -> None:
    """Take over the surroundings of the driver. Call it before anything heavy is imported."""
    environment, search_path, directory = surroundings
    os.environ.update(environment)
    sys.path.extend(one for one in search_path if one not in sys.path)
    with suppress(OSError):  # only relative paths need it
        os.chdir(directory)


def is_ray_death(error: BaseException) -> bool:
    """Return True if an exception of Ray says that a process or node died."""
    from ray.exceptions import RayError, RayTaskError

    return isinstance(error, RayError) and not isinstance(error, RayTaskError)
