"""How long `ferkit plugins` takes with so many plugins of strangers installed, beside ferkit's own.

python -m benchmarks.start_with_plugins --plugins 20
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOOK = """\
from ferkit.plugin import Component, hookimpl

@hookimpl
def ferkit_components():
    return [Component("head", "{name}", "{name}.head:Head", "A head that nobody loads")]
"""


def install(folder: Path, name: str) -> None:
    """A distribution with one plugin, as pip leaves it."""
    (folder / f"{name}.py").write_text(HOOK.format(name=name))
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[ferkit]\n{name} = {name}\n")


def cpu_seconds() -> float:
    """Of all the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start(folder: Path, expected: int) -> tuple[float, float]:
    """Seconds, and the processor's, of one start, that must list them all."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    started, used = time.perf_counter(), cpu_seconds()
    command = [sys.executable, "-m", "ferkit", "plugins"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    taken = time.perf_counter() - started, cpu_seconds() - used
    if told.count("A head that nobody loads") != expected:
        raise SystemExit(f"expected {expected} plugins to be listed:\n{told}")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugins", type=int, default=20)
    parser.add_argument("--starts", type=int, default=11)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.plugins):
            install(Path(folder), f"stranger_{number}")
        starts = [start(Path(folder), arguments.plugins) for _ in range(arguments.starts)]
    print(f"{arguments.plugins} plugins beside ferkit's own, {arguments.starts} starts:")
    for what, taken in zip(("elapsed", "processor"), zip(*starts, strict=True), strict=True):
        print(f"{what}: median {statistics.median(taken):.2f} s, {min(taken):.2f} to {max(taken):.2f}")


if __name__ == "__main__":
    main()
