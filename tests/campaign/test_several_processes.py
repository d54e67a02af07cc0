"""One training in two processes that torchrun starts, one of which is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ferkit.evaluation.run_files import read_metrics

pytestmark = [pytest.mark.campaign, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]
COMMAND = ["-m", "ferkit", "run", "quickstart", "--set", "data.per_class=8", "--set", "fit.epochs=4"]
COMMAND += ["--set", "fit.optimizer={name='sgd', lr=1e-3}", "--set", "fit.schedule={name='constant'}"]
LAUNCH = ["-m", "torch.distributed.run", "--nproc-per-node", "2"]


def find_rank(launcher: int, rank: int) -> int:
    children = psutil.Process(launcher).children(recursive=True)
    return next(one.pid for one in children if one.environ().get("LOCAL_RANK") == str(rank))


@pytest.mark.parametrize(("rank", "kill"), [(0, signal.SIGKILL), (1, signal.SIGKILL), (0, signal.SIGINT)])
def test_all_processes_end_with_one_and_one_process_resumes_the_run(
    tmp_path: Path, rank: int, kill: signal.Signals
) -> None:
    run = [*COMMAND, "--out", str(tmp_path / "run")]
    launcher = subprocess.Popen([sys.executable, *LAUNCH, *run], stdout=subprocess.PIPE, text=True)
    assert launcher.stdout
    for line in launcher.stdout:
        if "epoch 2 of 4" in line:
            break
    pids = [find_rank(launcher.pid, place) for place in range(2)]
    started = time.monotonic()
    os.kill(pids[rank], kill)
    launcher.communicate(timeout=60)
    assert time.monotonic() - started < 30
    assert not any(psutil.pid_exists(pid) for pid in pids)
    subprocess.run([sys.executable, *run, "--resume"], check=True)
    assert [row["epoch"] for row in read_metrics(tmp_path / "run")] == [1, 2, 3, 4] * 2
