"""How many images a second become probabilities: decoding, detection, crops and the network.

Nothing comes from a cache. Each stage stands beside the whole, so that it can be seen where the time goes.

    OMP_NUM_THREADS=2 python -m benchmarks.end_to_end sfew_inception --images FOLDER --out end_to_end.json
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks.script import add_device, add_recipe, by_device, make_parser, run_script
from ferkit.bench.plan import Plan, split_numbers
from ferkit.bench.recipes import load_for_bench
from ferkit.bench.record import Record
from ferkit.bench.run import ProgressCallback, Variant, bench

STAGES = ("decode", "detect", "crop", "backbone", "head", "end_to_end")


def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
    batches = options.batch_size or by_device(options.device, "1,16", "1,16,64,256")
    plan = Plan(
        STAGES,
        split_numbers(batches, "--batch-size"),
        options.precision,
        options.device,
        options.compile,
        options.images,
        rounds=options.repeats,
        seconds=options.seconds,
    )
    parts = {"detector": options.detector}
    recipe, registry = load_for_bench(options.recipe, options.set or [], parts, max(plan.batch_sizes), 320)
    return bench(f"benchmarks/end_to_end.py {options.recipe}", registry, [Variant(recipe, plan)], say)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__, rounds=20, seconds=120)
    add_device(parser)
    add_recipe(parser, "sfew_inception")
    add = parser.add_argument
    add("--detector", metavar="NAME", help="a component [the recipe's]")
    add("--batch-size", help="with commas [1,16 on a CPU, 1 to 256 on a GPU]")
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
