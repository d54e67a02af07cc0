"""Time ferkit's commands as whole processes: --help, plugins, check and the first answer of predict.

A recipe is checked once before anything is timed: "check" is the check of an unchanged recipe. With --first,
the first check of a recipe on this machine is timed too. With --plugins, `ferkit plugins` is timed once more
with that many third-party plugins installed. With --photo, `ferkit predict` of that image is timed. Python's
bytecode must be cached: PYTHONDONTWRITEBYTECODE unset.

    python -m benchmarks.start --plugins 20 --photo photo.jpg --out start.json
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.script import make_parser, make_record, measure_on_host, run_script
from ferkit.bench.measuring import Case
from ferkit.bench.record import Record
from ferkit.bench.run import ProgressCallback
from ferkit.errors import RunError

HOOK = """\
from ferkit.plugin import Component, hookimpl

@hookimpl
def ferkit_components():
    return [Component("head", "{name}", "{name}.head:Head", "A head that is never loaded")]
"""


def measure_starts(options: argparse.Namespace, say: ProgressCallback) -> Record:
    commands = {"--help": ["--help"], "plugins": ["plugins"], "check": ["check", options.recipe]}
    if options.photo:
        commands["predict"] = ["predict", options.photo]
    cases = [Case({"command": name}, command(typed), images=0) for name, typed in commands.items()]
    with TemporaryDirectory() as cache, TemporaryDirectory() as installed:
        if options.first:
            key = {"command": "check, for the first time"}
            check = command(commands["check"], {"XDG_CACHE_HOME": cache})
            cases.append(Case(key, check, images=0, prepare=lambda: _empty(Path(cache))))
        if options.plugins:
            names = [install(Path(installed), f"plugin_{number}") for number in range(options.plugins)]
            several = command(["plugins"], {"PYTHONPATH": installed}, names)
            cases.append(Case({"command": f"plugins, {options.plugins} more"}, several, images=0))
        outcome = measure_on_host(cases, options, say)
    setting = {"recipe": options.recipe}
    return make_record("benchmarks/start.py", setting, outcome.measurements, missing=outcome.missing)


def command(
    typed: Sequence[str], environment: Mapping[str, str] = {}, expected: Sequence[str] = ()
) -> Callable[[], object]:
    """Return a call of the ferkit installed with this Python; its output must have the expected words."""
    script = shutil.which("ferkit", path=Path(sys.executable).parent)
    start = [script] if script else [sys.executable, "-m", "ferkit"]

    def call() -> None:
        answer = subprocess.run(
            [*start, *typed], env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
        if answer.returncode:
            raise RunError(f"ferkit {' '.join(typed)} ended with {answer.returncode}: {answer.stderr}")
        if missing := [word for word in expected if word not in answer.stdout]:
            raise RunError(f"ferkit {' '.join(typed)} does not list {', '.join(missing)}")

    return call


def install(folder: Path, name: str) -> str:
    """Write a distribution with one plugin as pip would; return its name."""
    (folder / f"{name}.py").write_text(HOOK.format(name=name))
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[ferkit]\n{name} = {name}\n")
    return name


def _empty(folder: Path) -> None:
    for inside in folder.iterdir():
        shutil.rmtree(inside)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__, rounds=20)
    add = parser.add_argument
    add("--recipe", default="quickstart", help="the recipe to check [quickstart]")
    add("--first", action="store_true", help="time the first check of a recipe too")
    add("--plugins", type=int, default=0, metavar="N", help="time `plugins` with N more plugins too [0]")
    add("--photo", metavar="FILE", help="time the first answer of `ferkit predict FILE` too")
    run_script(measure_starts, parser, arguments)


if __name__ == "__main__":
    main()
