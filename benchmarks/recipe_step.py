"""A whole recipe's training step at its own batch size, and what preparing its images takes beside it.

The step is forward, loss, backward and the optimizer's. Its images are augmented and normalised by the
processor: "share_waiting" is how much of the time the step would wait for them, were nothing prepared beside
it. Memory is the most in use, network and optimizer included.

    OMP_NUM_THREADS=2 python benchmarks/recipe_step.py sfew_multiscale --json step.json
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from ferkit.bench.plan import Plan, split_list, split_numbers
from ferkit.bench.recipes import load_for_bench
from ferkit.bench.record import Record
from ferkit.bench.run import Say, Variant, bench
from ferkit.bench.script import add_device, make_parser, run_script
from ferkit.loading import read_table

STAGES = ("augment", "training_step")


def measure(options: argparse.Namespace, say: Say) -> Record:
    batch = options.batch_size or str(read_table(options.recipe).get("fit", {}).get("batch_size", 16))
    sizes = split_numbers(batch, "--batch-size")
    recipe, registry = load_for_bench(options.recipe, options.set or [], {}, max(sizes), 320)
    variants = []
    for precision in split_list(options.precision):
        plan = Plan(STAGES, sizes, precision, options.device, options.compile, options.images)
        plan = replace(plan, rounds=options.repeats, seconds=options.seconds)
        variants.append(Variant(recipe, plan, {"precision": precision}))
    record = bench(f"benchmarks/recipe_step.py {options.recipe}", registry, variants, say)
    return replace(record, facts=share_waiting(record))


def share_waiting(record: Record) -> dict[str, float]:
    """By batch size and precision, 0..1."""
    shares = {}
    for step in record.measurements:
        if step.case["stage"] == "training_step" and (
            images := record.find(**{**step.case, "stage": "augment"})
        ):
            name = f"share_waiting, batch {step.case['batch']}, {step.case['precision']}"
            shares[name] = round(images.median / (images.median + step.median), 4)
    return shares


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__, rounds=30, seconds=120)
    add_device(parser)
    add = parser.add_argument
    add("recipe", nargs="?", default="sfew_multiscale", help="a file or a shipped recipe [sfew_multiscale]")
    add("--set", action="append", metavar="KEY=VALUE", help="override a key of the recipe")
    add("--batch-size", help="with commas [the recipe's own]")
    add("--precision", default="auto", help="auto, float32, bfloat16, float16, tf32, with commas [auto]")
    add("--compile", default="off", help="off, default, reduce-overhead or max-autotune [off]")
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
