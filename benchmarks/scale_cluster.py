"""Trainings that only sleep, on a real Ray cluster of several local nodes, to check the simulation."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.scale_model import RETRIES, Training


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
    """A Ray cluster on this machine: a first node without CPUs for the driver, and nodes with slots.

    Args:
        speeds: Speed of each node.
        slots: Number of trainings at a time for each node.
    """

    def __init__(self, speeds: Sequence[float], slots: int) -> None:
        import ray
        from ray.cluster_utils import Cluster

        self._ray: Any = ray
        self._cluster: Any = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
        self._nodes = [self._cluster.add_node(num_cpus=slots) for _ in speeds]
        ray.init(address=self._cluster.address, log_to_driver=False, logging_level="ERROR")
        self._speeds = {node.node_id: speed for node, speed in zip(self._nodes, speeds, strict=True)}
        self._slots = slots

    def __enter__(self) -> LocalCluster:
        return self

    def __exit__(self, *error: object) -> None:
        self._ray.shutdown()
        self._cluster.shutdown()

    def run(self, trainings: Sequence[Training], losses: Sequence[tuple[float, int]], folder: Path) -> float:
        """Return the seconds of all trainings. Nodes are lost at the given seconds.

        Args:
            trainings: The trainings.
            losses: (seconds, node) of each loss.
            folder: Receives a file for each training.
        """
        task = self._ray.remote(sleep_through).options(num_cpus=1, max_retries=RETRIES)
        self._start_processes(task, folder)
        timers = [
            threading.Timer(seconds, self._cluster.remove_node, (self._nodes[node], False))
            for seconds, node in losses
        ]
        started = time.perf_counter()
        for timer in timers:
            timer.start()
        refs = [
            task.remote(one, folder / f"{place}.txt", self._speeds) for place, one in enumerate(trainings)
        ]
        self._ray.get(refs)
        seconds = time.perf_counter() - started
        for timer in timers:
            timer.join()
        return seconds

    def _start_processes(self, task: Any, folder: Path) -> None:
        """Occupy all slots for some seconds, so that no training waits for its process."""
        slots = self._slots * len(self._nodes)
        first = [
            task.remote(Training(1, 5), folder / f"first{place}.txt", dict.fromkeys(self._speeds, 1.0))
            for place in range(slots)
        ]
        self._ray.get(first)
