"""How long ferkit's commands take from being typed to their end: --help, plugins, and check.

A recipe is checked once before anything is timed, so that "check" is that of an unchanged recipe; with
--first, a recipe that was never checked on the machine is timed too.

    python -m benchmarks.start --out start.json
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from benchmarks.script import make_parser, run_script
from ferkit.bench.machine import describe_machine, load_average
from ferkit.bench.measuring import Case, Effort, measure
from ferkit.bench.memory import Unwatched
from ferkit.bench.record import Record
from ferkit.bench.run import ProgressCallback, busy_warnings
from ferkit.bench.timers import HostTimer
from ferkit.errors import RunError
from ferkit.recipe.load import load_recipe


def measure_starts(options: argparse.Namespace, say: ProgressCallback) -> Record:
    load = load_average()
    commands = {"--help": ["--help"], "plugins": ["plugins"], "check": ["check", options.recipe]}
    cases = [Case({"command": name}, command(typed), images=0) for name, typed in commands.items()]
    with tempfile.TemporaryDirectory() as cache:
        if options.first:
            key = {"command": "check, for the first time"}
            check = command(commands["check"], {"XDG_CACHE_HOME": cache})
            cases.append(Case(key, check, images=0, prepare=lambda: _empty(Path(cache))))
        effort = Effort(options.repeats, options.seconds, warm_up=1)
        outcome = measure(cases, HostTimer(), Unwatched, effort, say)
    machine, versions = describe_machine(*load_recipe("quickstart"), torch.device("cpu"))
    setting = {"recipe": options.recipe}
    return Record(
        "benchmarks/start.py",
        machine,
        versions,
        setting,
        outcome.measurements,
        outcome.missing,
        busy_warnings(load),
    )


def command(typed: Sequence[str], environment: Mapping[str, str] = {}) -> Callable[[], object]:
    """A call of the ferkit that is installed beside this Python."""
    script = shutil.which("ferkit", path=Path(sys.executable).parent)
    start = [script] if script else [sys.executable, "-m", "ferkit"]

    def call() -> None:
        answer = subprocess.run(
            [*start, *typed], env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
        if answer.returncode:
            raise RunError(f"ferkit {' '.join(typed)} ended with {answer.returncode}: {answer.stderr}")

    return call


def _empty(folder: Path) -> None:
    for inside in folder.iterdir():
        shutil.rmtree(inside)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__, rounds=20, seconds=120)
    parser.add_argument("--recipe", default="quickstart", help="what is checked [quickstart]")
    parser.add_argument("--first", action="store_true", help="time the first check of a recipe as well")
    run_script(measure_starts, parser, arguments)


if __name__ == "__main__":
    main()
