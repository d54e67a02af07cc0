"""How many images a second a detector looks through, by batch size and resolution.

Any detector that a recipe can name, several in turns in one run. Images are decoded beforehand, and made
smaller or larger so that their longer side has as many pixels as asked for; 0 leaves them as they are.

    OMP_NUM_THREADS=2 python -m benchmarks.detection --images FOLDER --resolution 0,320 --out detection.json
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from benchmarks.script import add_device, by_device, make_parser, run_script
from ferkit.bench.plan import Plan, split_numbers
from ferkit.bench.recipes import load_for_bench
from ferkit.bench.record import Record
from ferkit.bench.run import ProgressCallback, Variant, bench


def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
    batches = options.batch_size or by_device(options.device, "1,16", "1,16,64,256")
    sizes = split_numbers(batches, "--batch-size")
    plan = Plan(["detect"], sizes, "float32", options.device, images=options.images)
    plan = replace(plan, rounds=options.repeats, seconds=options.seconds)
    detectors = options.detector or ["mtcnn"]
    variants = []
    for detector, side in product(detectors, split_numbers(options.resolution, "--resolution")):
        parts = {"detector": detector}
        recipe, registry = load_for_bench("quickstart", [], parts, max(sizes), options.drawn_size)
        key: dict[str, str | int] = {
            "longer_side": side,
            **({"detector": detector} if len(detectors) > 1 else {}),
        }
        variants.append(Variant(recipe, replace(plan, longer_side=side), key))
    return bench("benchmarks/detection.py", registry, variants, say)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__, rounds=20, seconds=120)
    add_device(parser)
    add = parser.add_argument
    told = 'a component, or { name = "mtcnn", factor = 0.8 }; may be given again'
    add("--detector", action="append", metavar="NAME", help=f"{told} [mtcnn]")
    add("--batch-size", help="with commas [1,16 on a CPU, 1 to 256 on a GPU]")
    add("--resolution", default="0,320", help="longer side in pixels, with commas; 0: as it is [0,320]")
    add("--drawn-size", type=int, default=640, help="side of drawn images in pixels [640]")
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
