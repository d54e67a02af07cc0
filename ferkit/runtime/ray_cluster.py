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
from ferkit.messages import shorten
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
    given = _given(address)
    check_address(given)
    local = {} if given else {"include_dashboard": False}
    try:
        import_ray().init(address=given or "local", log_to_driver=False, logging_level="ERROR", **local)
    except Exception as error:
        raise _not_reached(given or "a new cluster on this machine", error) from error


def check_address(address: str | None) -> None:
    """Check that an address can be one of Ray, and that a server answers there. Ray itself tries for minutes.

    Raises:
        RunError: It is neither "auto" nor HOST:PORT, or no server answers.
    """
    if address in (None, "", "auto", "local"):
        return
    host, _, port = str(address).rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        raise RunError(f"--address: expected auto or HOST:PORT, got {shorten(repr(address))}")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise _not_reached(str(address), error) from error


def _given(address: str | None) -> str | None:
    """Return the address of the cluster, or None for a new one on this machine."""
    return address or os.environ.get("RAY_ADDRESS")


def _not_reached(where: str, error: Exception) -> RunError:
    reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
    return RunError(
        f"Cannot connect to Ray at {where}: {reason}. Start the cluster with `ray start`, and give its "
        "HOST:PORT as --address."
    )


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
    """Return a warning if no node has the resources of one worker. A given cluster may still grow.

    Raises:
        RunError: A new cluster on this machine does not have them.
    """
    if count_room(workers):
        return []
    asked = {"--cpus": workers.cpus, "--gpus": workers.gpus, "--memory": workers.memory}
    words = " ".join(f"{option} {value:g}" for option, value in asked.items() if value)
    nodes = [node["Resources"] for node in import_ray().nodes() if node["Alive"]]
    most = {name: max((node.get(name, 0) for node in nodes), default=0) for name in ("CPU", "GPU", "memory")}
    there = f"{most['CPU']:g} CPUs, {most['GPU']:g} GPUs and {most['memory'] / 1e9:.1f} GB of memory"
    if _given(workers.address):
        return [
            f"No node of the Ray cluster has room for a worker with {words}: the largest have {there}. "
            "ferkit waits for one. Ctrl-C stops it."
        ]
    raise RunError(
        f"Cannot start a worker with {words}: this machine offers {there}. Ask for less, or give the "
        "--address of a larger cluster."
    )


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
