"""Options, machine description and output shared by the scripts in benchmarks/."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ferkit.bench.delivery import deliver, watch
from ferkit.bench.machine import describe_machine, load_average
from ferkit.bench.measuring import Case, Effort, Key, Outcome
from ferkit.bench.measuring import measure as measure_cases
from ferkit.bench.memory import MemoryMeter
from ferkit.bench.record import Measurement, Record, check_writable, read_record
from ferkit.bench.run import ProgressCallback, busy_warnings
from ferkit.bench.timers import time_on_host
from ferkit.components.registry import Registry
from ferkit.errors import FerkitError
from ferkit.recipe.load import load_recipe
from ferkit.recipe.schema import Recipe

LOAD = load_average()
"""The load before the script's own work counts."""


def describe_options(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows the script's docstring as it is written."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def make_parser(
    description: str | None, rounds: int | None = None, seconds: float = 120
) -> argparse.ArgumentParser:
    """Return a parser with the options for the record and, given `rounds`, for the effort.

    Args:
        description: Docstring of the script.
        rounds: Default of --repeats. None: the script has no such option.
        seconds: Default of --seconds.
    """
    parser = describe_options(description)
    add = parser.add_argument
    if rounds is not None:
        add("--repeats", type=int, default=rounds, help=f"maximum number of timed calls per case [{rounds}]")
        add("--seconds", type=float, default=seconds, help=f"start no round after this time [{seconds:g}]")
    add("--out", type=Path, metavar="FILE", help="write all times as JSON")
    add("--compare", type=Path, metavar="OLD.json", help="compare with an earlier record")
    add("--force", action="store_true", help="compare records of different settings")
    return parser


def count(text: str) -> int:
    """Parse an option's whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def add_images(parser: argparse.ArgumentParser, size: int) -> None:
    """Add --images, and --drawn-size with this default in pixels."""
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="a folder of images [generated images]")
    parser.add_argument(
        "--drawn-size", type=int, default=size, help=f"size of generated images in pixels [{size}]"
    )


def measure_on_host(
    cases: Sequence[Case], options: argparse.Namespace, progress: ProgressCallback
) -> Outcome:
    """Time calls of other processes, without their memory."""
    effort = Effort(options.repeats, options.seconds, warm_up=1)
    return measure_cases(cases, time_on_host, MemoryMeter, effort, progress)


def make_record(
    title: str,
    setting: Mapping[str, Any],
    measurements: Sequence[Measurement],
    facts: Mapping[str, Any] | None = None,
    missing: Sequence[tuple[Key, str]] = (),
    loaded: tuple[Recipe, Registry] | None = None,
) -> Record:
    """Return a record of this machine's CPU; `loaded` is the measured recipe, if there is one."""
    machine, versions = describe_machine(*(loaded or load_recipe("quickstart")), torch.device("cpu"))
    warnings = busy_warnings(LOAD)
    return Record(title, machine, versions, setting, measurements, missing, warnings, facts or {})


def run_script(
    measure: Callable[[argparse.Namespace, ProgressCallback], Record],
    parser: argparse.ArgumentParser,
    arguments: Sequence[str] | None = None,
) -> None:
    """Measure, print, write and compare. Exit with the message of a FerkitError."""
    options = parser.parse_args(arguments)
    try:
        old = read_record(options.compare) if options.compare else None
        if options.out:
            check_writable(options.out)
        with watch() as say:
            record = measure(options, say)
        deliver(record, options.out, old, options.force)
    except FerkitError as error:
        sys.exit(str(error))
