"""Runs in several processes, killed at random moments, give the results of one process."""

from __future__ import annotations

import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.campaign.conftest import Start
from tests.campaign.runs import LIMIT, all_results, finish, resume, start_run
from tests.campaign.test_kills import write_recipe

KILLS = 20
SETTINGS = ("--set", "protocol.repeats=2", "--set", "fit.epochs=4")


def words(folder: Path) -> tuple[str, ...]:
    """Return the recipe of a run, and its settings."""
    return str(write_recipe(folder, folder.parent / "images")), *SETTINGS


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
    finish(folder, *words(folder))
    return folder


def test_a_killed_worker_or_driver_loses_nothing(start: Start, whole: Path) -> None:
    campaign = start("kills of run --jobs 2")
    started = time.monotonic()
    finish(whole.parent / "first", *words(whole), "--jobs", "2")
    seconds = time.monotonic() - started
    assert all_results(whole.parent / "first") == all_results(whole)
    for number in campaign.scaled(KILLS):
        moment, is_driver = campaign.random.uniform(0.2, 1) * seconds, number % 2 == 0
        name = f"{number}: {'driver' if is_driver else 'worker'} killed after {moment:.2f} of {seconds:.2f} s"
        with campaign.trial(name):
            folder = whole.parent / str(number)
            with start_run(folder, *words(folder), "--jobs", "2") as process:
                time.sleep(moment)
                if is_driver:
                    process.kill()
                elif process.poll() is None and (workers := workers_of(process)):
                    with suppress(psutil.Error):  # it has just ended
                        campaign.random.choice(workers).kill()
                status = process.wait(LIMIT)
            assert status in ((0, -signal.SIGKILL) if is_driver else (0,))
            if status:
                finish(folder, *words(folder), *resume(folder), *(("--jobs", "2") if number % 4 else ()))
            assert all_results(folder) == all_results(whole)
            assert not (folder / "run" / "parts").exists()
    campaign.check()
