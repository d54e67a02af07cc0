"""Measure stages of a recipe for every combination of parts, precisions, compile modes and sizes.

`ferkit bench` measures one combination. This script measures several in turns, in one process. Every option
that says "comma-separated" or "repeatable" takes several values.

    python -m benchmarks.variants --stages backbone --precision float32,bfloat16 --image-size 64,160
    python -m benchmarks.variants --stages training_step --backbone resnet18 --compile off,default
    python -m benchmarks.variants --stages detect --detector mtcnn --resolution 0,320 --images FOLDER
    python -m benchmarks.variants sfew_multiscale --stages augment,training_step --batch-size 32

With the stages augment and training_step, "share_waiting" is the fraction of its time that a step would wait
for its images if one core prepared them and nothing ran in parallel.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from benchmarks.script import add_images, make_parser, run_script
from ferkit.bench.plan import Plan, split_list, split_numbers
from ferkit.bench.recipes import load_for_bench
from ferkit.bench.record import Record
from ferkit.bench.run import ProgressCallback, Variant, bench

AXES = ("detector", "backbone", "image_size", "longer_side", "precision", "compile")


def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
    sizes = split_numbers(options.batch_size, "--batch-size")
    axes = (
        options.detector or [None],
        options.backbone or [None],
        split_numbers(options.image_size, "--image-size") if options.image_size else [None],
        split_numbers(options.resolution, "--resolution"),
        split_list(options.precision, "--precision"),
        split_list(options.compile, "--compile"),
    )
    variants = []
    for values in product(*axes):
        detector, backbone, image_size, longer_side, precision, mode = values
        settings = [*options.set, *([f"model.image_size={image_size}"] if image_size else [])]
        parts = {"detector": detector, "model.backbone": backbone}
        recipe, registry = load_for_bench(options.recipe, settings, parts, max(sizes), options.drawn_size)
        stages = split_list(options.stages, "--stages")
        plan = Plan(stages, sizes, precision, options.device, mode, options.images, longer_side)
        plan = replace(plan, rounds=options.repeats, seconds=options.seconds)
        key = {name: value for name, value, all_ in zip(AXES, values, axes, strict=True) if len(all_) > 1}
        variants.append(Variant(recipe, plan, key))
    record = bench(f"benchmarks/variants.py {options.recipe}", registry, variants, say)
    return replace(record, facts=share_waiting(record))


def share_waiting(record: Record) -> dict[str, float]:
    """Return the fraction of waiting, in 0..1, of each training step whose images were timed too."""
    shares = {}
    for step in record.measurements:
        images = record.find(**{**step.case, "stage": "augment"})
        if step.case["stage"] == "training_step" and images:
            place = ", ".join(f"{key} {value}" for key, value in step.case.items() if key != "stage")
            shares[f"share_waiting, {place}"] = round(images.median / (images.median + step.median), 4)
    return shares


def main(arguments: Sequence[str] | None = None) -> None:
    parser = make_parser(__doc__, rounds=50, seconds=120)
    add = parser.add_argument
    part = 'a component, or { name = "timm", model = "resnet18", pretrained = false }; repeatable'
    add("recipe", nargs="?", default="quickstart", help="a file or a shipped recipe [quickstart]")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the recipe")
    add("--stages", default="backbone", help="comma-separated, as for `ferkit bench` [backbone]")
    add("--detector", action="append", metavar="NAME", help=part)
    add("--backbone", action="append", metavar="NAME", help=part)
    add("--batch-size", default="1,16", help="comma-separated [1,16]")
    add("--image-size", help="network input in pixels, comma-separated [the recipe's]")
    add(
        "--resolution", default="0", help="longer side of the images in pixels, comma-separated; 0: unchanged"
    )
    add("--precision", default="auto", help="auto, float32, bfloat16, float16, tf32, comma-separated [auto]")
    add("--compile", default="off", help="off, default, reduce-overhead, max-autotune, comma-separated [off]")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:0 [auto]")
    add_images(parser, size=320)
    run_script(measure, parser, arguments)


if __name__ == "__main__":
    main()
