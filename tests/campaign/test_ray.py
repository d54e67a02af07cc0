"""The quickstart on a Ray cluster of two nodes, disturbed at random moments, gives the same results."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.campaign.commands import Command
from tests.campaign.conftest import Start
from tests.campaign.runs import LIMIT, all_results, environment, resume

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray leaves sockets and processes to the garbage collector
MOMENTS = 20
KINDS = ("worker killed", "node removed", "driver killed")
QUICKSTART = ("quickstart", *("--set", "protocol.repeats=2"), *("--set", "fit.epochs=6"))
QUICKSTART += ("--set", "data.per_class=8")
EPOCHS = 24
"""Epochs of the four trainings in all."""
LONGEST_DELAY = 3.0
"""Seconds between the epoch and the event, at most."""
LONGEST_ABSENCE = 5.0
"""Seconds until a new node replaces a removed one, at most."""


class TwoNodes:
    """A cluster of two nodes with one CPU each. Drivers connect to the first node."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        first = {"num_cpus": 1, "include_dashboard": False}
        self.cluster: Any = Cluster(initialize_head=True, head_node_args=first)
        self.second: Any = self.cluster.add_node(num_cpus=1)

    @property
    def options(self) -> tuple[str, ...]:
        """The options of `ferkit run` for this cluster."""
        return "--on", "ray", "--address", self.cluster.address

    def trainings(self) -> list[psutil.Process]:
        """Return the processes that train, on both nodes. All are descendants of this process."""
        found = []
        for one in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # it has just ended
                found += [one] if "ray::train_on_ray" in " ".join(one.cmdline()) else []
        return found

    def remove_second(self) -> None:
        """Kill all processes of the second node."""
        self.cluster.remove_node(self.second, allow_graceful=False)

    def add_second(self) -> None:
        """Start a new node in place of the removed one."""
        self.second = self.cluster.add_node(num_cpus=1)


@pytest.fixture(scope="module")
def nodes() -> Iterator[TwoNodes]:
    pytest.importorskip("ray", reason="ray is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # by default, tasks get what other processes leave
        made = TwoNodes()
        yield made
        made.cluster.shutdown()


def run_command(folder: Path, *words: str) -> Command:
    """Return a run into FOLDER/run."""
    folder.mkdir(exist_ok=True)
    return Command(["run", *QUICKSTART, "--out", "run", "--quiet", *words], folder, environment(folder))


def test_a_lost_worker_node_or_driver_loses_nothing(start: Start, nodes: TwoNodes, tmp_path: Path) -> None:
    campaign = start("moments of run --on ray")
    run_command(tmp_path / "whole").finish()
    expected = all_results(tmp_path / "whole")
    for number in campaign.scaled(MOMENTS):
        kind, epochs = campaign.random.choice(KINDS), campaign.random.randrange(EPOCHS)
        seconds = campaign.random.uniform(0, LONGEST_DELAY)
        with campaign.trial(f"{number}: {kind} {seconds:.2f} s after {epochs} of {EPOCHS} epochs"):
            command = run_command(tmp_path / str(number), *nodes.options)
            process = command.start()
            wait_for_epochs(command.folder / "run", epochs, process)
            time.sleep(seconds)
            trained = len(nodes.trainings())
            disturb(kind, nodes, process, campaign.random)
            process.join(LIMIT)
            campaign.seen[f"{kind} while {trained} trained"] += 1
            allowed = (0, -signal.SIGKILL) if kind == "driver killed" else (0,)
            assert process.exitcode in allowed, command.log.read_text()
            if process.exitcode:
                run_command(command.folder, *nodes.options, *resume(command.folder)).finish()
            assert all_results(command.folder) == expected
            assert not (command.folder / "run" / "parts").exists()
    campaign.check()


def wait_for_epochs(run: Path, epochs: int, process: BaseProcess) -> None:
    """Wait until the trainings of a run have this number of epochs in all, or the process ends."""
    until = time.monotonic() + LIMIT
    while process.is_alive() and time.monotonic() < until:
        with suppress(FileNotFoundError):  # a part was just merged
            files = [*run.glob("metrics.jsonl"), *run.glob("parts/*/metrics.jsonl")]
            if sum(file.read_text().count("\n") for file in files) >= epochs:
                return
        time.sleep(0.05)


def disturb(kind: str, nodes: TwoNodes, process: BaseProcess, draw: random.Random) -> None:
    """Kill a process that trains, the driver, or the second node, which another one replaces."""
    if kind == "driver killed":
        process.kill()
    elif kind == "node removed":
        nodes.remove_second()
        time.sleep(draw.uniform(0, LONGEST_ABSENCE))
        nodes.add_second()
    elif trainings := nodes.trainings():
        with suppress(psutil.Error):  # it has just ended
            draw.choice(trainings).kill()
