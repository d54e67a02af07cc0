"""What the scripts in benchmarks/ share: their common options, and how they end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ferkit.bench.delivery import deliver, watch
from ferkit.bench.record import Record, check_writable, read_record
from ferkit.bench.run import ProgressCallback
from ferkit.errors import FerkitError


def make_parser(description: str | None, rounds: int, seconds: float) -> argparse.ArgumentParser:
    """description: the script's docstring; rounds, seconds: its defaults for `Effort`."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--repeats", type=int, default=rounds, help=f"calls of each case that are timed, at most [{rounds}]")
    add("--seconds", type=float, default=seconds, help=f"no round begins after so long [{seconds:g}]")
    add_ends(parser)
    return parser


def add_ends(parser: argparse.ArgumentParser) -> None:
    """What becomes of the record."""
    add = parser.add_argument
    add("--out", type=Path, metavar="FILE", help="write all times as JSON")
    add("--compare", type=Path, metavar="OLD.json", help="whether it is faster than when OLD was written")
    add("--force", action="store_true", help="compare what was measured otherwise")


def count(text: str) -> int:
    """An option's whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def add_recipe(parser: argparse.ArgumentParser, default: str) -> None:
    """For scripts that measure a whole recipe."""
    add = parser.add_argument
    add("recipe", nargs="?", default=default, help=f"a file or a shipped recipe [{default}]")
    add("--set", action="append", metavar="KEY=VALUE", help="override a key of the recipe")
    add("--precision", default="auto", help="auto, float32, bfloat16, float16 or tf32 [auto]")
    add("--compile", default="off", help="off, default, reduce-overhead or max-autotune [off]")


def add_device(parser: argparse.ArgumentParser) -> None:
    """For scripts that compute on a device and look at images."""
    told = "auto, cpu, cuda or cuda:0 [auto]"
    parser.add_argument("--device", default="auto", help=told)
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="images [drawn faces]")


def run_script(
    measure: Callable[[argparse.Namespace, ProgressCallback], Record],
    parser: argparse.ArgumentParser,
    arguments: Sequence[str] | None = None,
) -> None:
    """Measure, print, write and compare; an error of ferkit's own ends the script with its message."""
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


def by_device(device: str, cpu: str, gpu: str) -> str:
    """A default that is smaller on a CPU."""
    import torch

    is_gpu = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    return gpu if is_gpu else cpu
