"""Sleeping trainings on a real Ray cluster end when the simulation says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.scale import CASES, CHECKED
from benchmarks.scale_cluster import LocalCluster
from benchmarks.scale_model import Nodes, simulate

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray leaves sockets and processes to the garbage collector
LONGEST_DELAY = 0.15
"""Of the predicted time, for tasks that Ray starts, and starts again."""


def test_a_slow_and_a_removed_node_take_the_time_that_is_predicted(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    _, speeds, losses = CASES[-1]
    predicted = simulate(CHECKED, Nodes(speeds, 1), losses).seconds
    with LocalCluster(4) as cluster:
        measured = cluster.run(CHECKED, speeds, losses, tmp_path)
    assert predicted - 1 <= measured <= (1 + LONGEST_DELAY) * predicted
