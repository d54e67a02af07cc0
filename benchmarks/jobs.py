"""Measure the efficiency of `ferkit run --jobs 2`: in turns with one process, one thread for each training.

python -m benchmarks.jobs
python -m benchmarks.jobs recipe.toml --set fit.epochs=3 --rounds 3
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.script import count, describe_options

ROUNDS = 5
JOBS = 2


def measure(folder: Path, words: list[str]) -> float:
    """Return the seconds of a run."""
    command = [sys.executable, "-m", "ferkit", "run", *words, "--quiet", "--out", str(folder)]
    started = time.perf_counter()
    subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True, capture_output=True)
    return time.perf_counter() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the median seconds of both ways, and the efficiency: speed-up / number of processes."""
    parser = describe_options(__doc__)
    parser.add_argument("recipe", nargs="?", default="quickstart")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as for ferkit run")
    parser.add_argument("--rounds", type=count, default=ROUNDS, help=f"measured runs of each way [{ROUNDS}]")
    options = parser.parse_args(arguments)
    changes = options.set or ["protocol.repeats=2"]
    words = [options.recipe, *(word for one in changes for word in ("--set", one))]
    seconds: dict[int, list[float]] = {1: [], JOBS: []}
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder) / "first", words)  # fills the caches
        for number in range(options.rounds):
            seconds[1].append(measure(Path(folder) / f"one{number}", words))
            seconds[JOBS].append(measure(Path(folder) / f"jobs{number}", [*words, "--jobs", str(JOBS)]))
    one, several = median(seconds[1]), median(seconds[JOBS])
    print(f"one process: {one:.1f} s; --jobs {JOBS}: {several:.1f} s; efficiency {one / several / JOBS:.0%}")


if __name__ == "__main__":
    main()
