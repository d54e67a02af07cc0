"""A whole recipe's training step at its own batch size, and what preparing its images takes beside it.

The step is forward, loss, backward and the optimizer's. Its images are augmented and normalised by the
processor: "share_waiting" is how much of the time the step would wait for them, were nothing prepared beside
it. Memory is the most in use, network and optimizer included.

    OMP_NUM_THREADS=2 python -m benchmarks.recipe_step sfew_multiscale --out step.json
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.script import add_device, add_recipe, make_parser, run_script
from ferkit.bench.plan import Plan, split_list, split_numbers
from ferkit.bench.recipes import load_for_bench
from ferkit.bench.record import Record
from ferkit.bench.run import ProgressCallback, Variant, bench

STAGES = ("augment", "training_step")


def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
    given = options.batch_size
    own, _ = load_for_bench(options.recipe, options.set or [], {}, 1, 320)
    sizes = split_numbers(given, "--batch-size") if given else [own.fit.batch_size]
    recipe, registry = load_for_bench(options.recipe, options.set or [], {}, max(sizes), 320)
    variants = []
    for precision in split_list(options.precision, "--precision"):
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
    add_recipe(parser, "sfew_multiscale")
    add = parser.add_argument
    add("--batch-size", help="with commas [the recipe's own]")
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
