"""Backbones side by side: every combination of precision, compile mode, image size and backbone."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import product

from benchmarks.script import add_device, by_device, make_parser, run_script
from ferkit.bench.plan import Plan, split_list, split_numbers
from ferkit.bench.recipes import load_for_bench
from ferkit.bench.record import Record
from ferkit.bench.run import ProgressCallback, Variant, bench
from ferkit.components.registry import Registry
from ferkit.recipe.schema import Recipe

INCEPTION = '{ name = "inception_resnet_v1", weights = "none" }'


def run_backbones(description: str | None, stage: str, title: str, arguments: Sequence[str] | None) -> None:
    """A script that measures one stage of backbones, from its options to its end."""

    def measure(options: argparse.Namespace, say: ProgressCallback) -> Record:
        registry, variants = make_variants(options, (stage,), "16", "1,8,32,128,512")
        return bench(title, registry, variants, say)

    parser = make_parser(description, rounds=50, seconds=120)
    add_device(parser)
    add_variants(parser)
    run_script(measure, parser, arguments)


def add_variants(parser: argparse.ArgumentParser) -> None:
    """The options that take several values, with commas between them."""
    add = parser.add_argument
    told = 'a component, or { name = "timm", model = "resnet18", pretrained = false }; may be given again'
    add("--backbone", action="append", metavar="NAME", help=f"{told} [inception_resnet_v1]")
    add("--batch-size", help="with commas [16 on a CPU, 1 to 512 on a GPU]")
    add("--image-size", default="160", help="pixels, with commas [160]")
    add("--precision", help="float32, bfloat16, float16, tf32, with commas [what the device has]")
    add("--compile", default="off", help="off, default, reduce-overhead, max-autotune, with commas [off]")


def make_variants(
    options: argparse.Namespace, stages: Sequence[str], cpu_batches: str, gpu_batches: str
) -> tuple[Registry, list[Variant]]:
    """Raises RunError, RecipeError for what an option names and is not there."""
    batches = options.batch_size or by_device(options.device, cpu_batches, gpu_batches)
    precisions = options.precision or by_device(
        options.device, "float32,bfloat16", "float32,tf32,bfloat16,float16"
    )
    sizes = split_numbers(options.image_size, "--image-size")
    chosen = product(
        options.backbone or [INCEPTION],
        split_list(precisions, "--precision"),
        split_list(options.compile, "--compile"),
        sizes,
    )
    variants = []
    for backbone, precision, mode, size in chosen:
        plan = Plan(
            stages=stages,
            batch_sizes=split_numbers(batches, "--batch-size"),
            precision=precision,
            device=options.device,
            compile_mode=mode,
            images=options.images,
            rounds=options.repeats,
            seconds=options.seconds,
        )
        key: dict[str, str | int] = {"precision": precision, "compile": mode, "image_size": size}
        if len(options.backbone or []) > 1:
            key["backbone"] = backbone
        recipe, registry = _load(backbone, size, max(plan.batch_sizes))
        variants.append(Variant(recipe, plan, key))
    return registry, variants


def _load(backbone: str, size: int, images: int) -> tuple[Recipe, Registry]:
    overrides = [
        f"model.image_size={size}",
        'model.head={ name = "linear" }',
        'loss={ name = "cross_entropy" }',
    ]
    return load_for_bench("quickstart", overrides, {"model.backbone": backbone}, images, 160)
