"""Trainings that only sleep, on a real Ray cluster of several local nodes, to check the simulation."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.scale_model import Training
from ferkit.experiment.parts.pool import RETRIES
from ferkit.runtime.ray_cluster import import_ray

WARM_UP = 8.0
"""Seconds in which Ray starts a process on each node."""


def sleep_through(training: Training, file: Path, speeds: Mapping[str, float]) -> None:
    """Sleep for the epochs of a training that its file does not have. `speeds` is by node."""
    import ray

    speed = speeds[ray.get_runtime_context().get_node_id()]
    time.sleep(training.start / speed)
    done = int(file.read_text()) if file.exists() else 0
    for epoch in range(done, training.epochs):
        time.sleep(training.seconds / speed)
        draft = file.with_suffix(".part")
        draft.write_text(str(epoch + 1))
        draft.replace(file)


class LocalCluster:
    """A Ray cluster on this machine: a first node without CPUs for the driver, and nodes with one CPU each.

    Args:
        nodes: Number of nodes.
    """

    def __init__(self, nodes: int) -> None:
        self._ray = import_ray()
        from ray.cluster_utils import Cluster

        first = {"num_cpus": 0, "include_dashboard": False}
        self._cluster: Any = Cluster(initialize_head=True, head_node_args=first)
        self._nodes = [self._cluster.add_node(num_cpus=1) for _ in range(nodes)]
        self._ray.init(address=self._cluster.address, log_to_driver=False, logging_level="ERROR")
        self._task = self._ray.remote(sleep_through).options(num_cpus=1, max_retries=RETRIES)

    def __enter__(self) -> LocalCluster:
        return self

    def __exit__(self, *error: object) -> None:
        self._ray.shutdown()
        self._cluster.shutdown()

    def run(
        self,
        trainings: Sequence[Training],
        speeds: Sequence[float],
        losses: Sequence[tuple[float, int]],
        folder: Path,
    ) -> float:
        """Return the seconds of all trainings. Nodes are lost at the given seconds, and not replaced.

        Args:
            trainings: The trainings.
            speeds: Speed of each node.
            losses: (seconds, node) of each loss.
            folder: Receives a file for each training.
        """
        known = {node.node_id: speed for node, speed in zip(self._nodes, speeds, strict=True)}
        first = [Training(1, WARM_UP)] * len(self._nodes)  # no training waits for its process
        self._ray.get(self._submit(first, dict.fromkeys(known, 1.0), folder / "first"))
        timers = [
            threading.Timer(seconds, self._cluster.remove_node, (self._nodes[node], False))
            for seconds, node in losses
        ]
        started = time.perf_counter()
        for timer in timers:
            timer.start()
        self._ray.get(self._submit(trainings, known, folder / "timed"))
        seconds = time.perf_counter() - started
        for timer in timers:
            timer.join()
        return seconds

    def _submit(self, trainings: Sequence[Training], speeds: Mapping[str, float], folder: Path) -> list[Any]:
        folder.mkdir()
        files = [folder / f"{place}.txt" for place in range(len(trainings))]
        return [self._task.remote(one, file, speeds) for one, file in zip(trainings, files, strict=True)]
