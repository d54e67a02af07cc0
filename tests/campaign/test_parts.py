"""Runs in several processes, killed at random moments, give the results of one process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.campaign.conftest import Start
from tests.campaign.test_kills import environment, write_recipe
from tests.experiment.test_run import results

KILLS = 20
LIMIT = 300
SETTINGS = ("--set", "protocol.repeats=2", "--set", "fit.epochs=4", "--quiet")


def start_run(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    file = write_recipe(folder, folder.parent / "images")
    words = [sys.executable, "-m", "ferkit", "run", str(file), "--out", str(folder / "run"), *SETTINGS, *more]
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    given = {**os.environ, **environment(folder), "OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.log").open("wb") as log:
        return subprocess.Popen(words, cwd=root, env=given, stdout=log, stderr=subprocess.STDOUT)


def finish(folder: Path, *more: str) -> None:
    with start_run(folder, *more) as process:
        assert process.wait(LIMIT) == 0, (folder.parent / f"{folder.name}.log").read_text()


def all_results(folder: Path) -> dict[str, object]:
    """Return predictions, networks and scores."""
    summary = json.loads((folder / "run" / "summary.json").read_text())
    return {**results(folder / "run"), "scores": summary["scores"], "parameters": summary["parameters"]}


def resume(folder: Path) -> tuple[str, ...]:
    return ("--resume",) if (folder / "run" / "recipe.toml").exists() else ()


def workers_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the processes that train parts."""
    found = []
    for one in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            found += [one] if "spawn_main" in " ".join(one.cmdline()) else []
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts") / "whole"
    finish(folder)
    return folder


def test_a_killed_worker_or_driver_loses_nothing(start: Start, whole: Path) -> None:
    campaign = start("kills of run --jobs 2")
    started = time.monotonic()
    finish(whole.parent / "first", "--jobs", "2")
    seconds = time.monotonic() - started
    assert all_results(whole.parent / "first") == all_results(whole)
    for number in campaign.scaled(KILLS):
        moment, is_driver = campaign.random.uniform(0.2, 1) * seconds, number % 2 == 0
        name = f"{number}: {'driver' if is_driver else 'worker'} killed after {moment:.2f} of {seconds:.2f} s"
        with campaign.trial(name):
            folder = whole.parent / str(number)
            with start_run(folder, "--jobs", "2") as process:
                time.sleep(moment)
                if is_driver:
                    process.kill()
                elif process.poll() is None and (workers := workers_of(process)):
                    campaign.random.choice(workers).kill()
                status = process.wait(LIMIT)
            assert status in ((0, -signal.SIGKILL) if is_driver else (0,))
            if status:
                finish(folder, *resume(folder), *(("--jobs", "2") if number % 4 else ()))
            assert all_results(folder) == all_results(whole)
            assert not (folder / "run" / "parts").exists()
    campaign.check()


@pytest.mark.filterwarnings("ignore")  # Ray leaves sockets and processes to the garbage collector
def test_a_run_on_a_cluster_of_two_nodes_survives_its_tasks_and_its_driver(address: str, whole: Path) -> None:
    ray = ("--on", "ray", "--address", address)
    folder = whole.parent / "ray"
    with start_run(folder, *ray) as process:
        wait_for_epoch(folder, process)
        next(one for one in psutil.process_iter(["cmdline"]) if is_training(one)).kill()
        assert process.wait(LIMIT) == 0, (whole.parent / "ray.log").read_text()
    assert all_results(folder) == all_results(whole)
    folder = whole.parent / "ray_driver"
    with start_run(folder, *ray) as process:
        wait_for_epoch(folder, process)
        process.kill()
    finish(folder, *ray, *resume(folder))
    assert all_results(folder) == all_results(whole)


def wait_for_epoch(folder: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + LIMIT
    while not list(folder.glob("run/parts/*/metrics.jsonl")) and time.monotonic() < until:
        assert process.poll() is None
        time.sleep(0.05)


def is_training(process: psutil.Process) -> bool:
    """Return True for a process of Ray that runs a task of ferkit."""
    return "ray::train_on_ray" in " ".join(process.info["cmdline"] or ())
