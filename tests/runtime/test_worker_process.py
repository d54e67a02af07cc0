"""Processes of one worker, on functions of the standard library."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from ferkit.runtime.worker_process import WorkerProcess

PARENT = """
import os, sys, time
from ferkit.runtime.worker_process import WorkerProcess

worker = WorkerProcess({})
print(worker.submit(os.getpid).result(), flush=True)
assert __file__.endswith("parent.py")
worker.submit(time.sleep, 60)
time.sleep(60)
"""


PRELOADED = """
import os
from ferkit.runtime.worker_process import THREADS, WorkerProcess, preload

preload(["wave", "is_missing"], 3)
os.environ["LATER"] = "1"
for threads in "3", "2":
    worker = WorkerProcess({**dict.fromkeys(THREADS, threads), "OWN": threads})
    loaded = worker.submit(eval, "'wave' in __import__('sys').modules").result()
    print(loaded, *[worker.submit(os.getenv, name).result() for name in ("LATER", "OWN", "OMP_NUM_THREADS")])
    worker.stop()
print(os.getenv("OMP_NUM_THREADS"))
"""


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    made = WorkerProcess({"FERKIT_WORKER": "7"})
    yield made
    made.stop()


@pytest.mark.subprocess
def test_a_dead_process_is_replaced_and_each_has_its_environment(worker: WorkerProcess) -> None:
    first = worker.submit(os.getpid).result()
    with pytest.raises(BrokenProcessPool):
        worker.submit(os._exit, 9).result()
    assert worker.is_free
    assert worker.submit(os.getpid).result() not in (first, os.getpid())
    assert worker.submit(os.getenv, "FERKIT_WORKER").result() == "7"


@pytest.mark.subprocess
def test_a_process_ends_in_the_middle_of_its_function(worker: WorkerProcess) -> None:
    process = worker.submit(os.getpid).result()
    worker.submit(time.sleep, 60)
    assert not worker.is_free
    started = time.monotonic()
    worker.stop()
    assert time.monotonic() - started < 30
    assert not is_alive(process)


@pytest.mark.skipif(sys.platform == "win32", reason="needs os.kill with signal 0")
def test_a_process_of_a_script_without_a_guard_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        process = int(parent.stdout.readline())
        parent.kill()
    until = time.monotonic() + 30
    while is_alive(process) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(process)


def is_alive(process: int) -> bool:
    """Return False for a process that ended, also for one that nobody has waited for."""
    state = Path(f"/proc/{process}/stat")
    if Path("/proc").exists():
        return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="other systems spawn all processes")
@pytest.mark.subprocess
def test_only_workers_with_the_threads_of_the_preloaded_process_are_forked_from_it(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PRELOADED)
    environment = {**os.environ, "OMP_NUM_THREADS": "5"}
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["True 1 3 3", "False 1 2 2", "5"]
    assert not done.stderr


INTERRUPTED = """
import os, signal, time
from pathlib import Path
from ferkit.runtime.worker_process import preload

preload(["slow"], 1)
while not Path("begun").exists():
    time.sleep(0.01)
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.killpg(0, signal.SIGINT)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems spawn all processes")
@pytest.mark.subprocess
def test_ctrl_c_during_the_imports_is_for_the_parent_alone(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(INTERRUPTED)
    (tmp_path / "slow.py").write_text("import time\nopen('begun', 'w').close()\ntime.sleep(1)")
    done = subprocess.run(
        [sys.executable, "parent.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    assert not done.stderr
