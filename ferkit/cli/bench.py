"""The command `ferkit bench`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ferkit.messages import quote

Part = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="A component's name, or { name = ..., options }. [default: from the recipe]"
    ),
]
DetectorPart = Annotated[
    str | None,
    typer.Option(
        "--detector",
        "-d",
        metavar="NAME",
        help="A component's name, or { name = ..., options }. [default: from the recipe]",
    ),
]
Recipe = Annotated[str, typer.Argument(help="A recipe file, or the name of a shipped recipe.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: fit.epochs=3.")
]
Stages = Annotated[
    str,
    typer.Option(
        show_default=False,
        metavar="NAMES",
        help="Comma-separated: decode, detect, crop, augment, backbone, head, training_step, end_to_end. "
        "[default: all]",
    ),
]
BatchSize = Annotated[
    str, typer.Option("--batch-size", "-b", metavar="N,...", help="Batch sizes, comma-separated.")
]
ImageSize = Annotated[
    int | None,
    typer.Option(min=1, metavar="PIXELS", help="Input size of the network. [default: from the recipe]"),
]
Precision = Annotated[
    str, typer.Option(metavar="NAME", help="float32, bfloat16, float16, tf32, or auto as in training.")
]
Device = Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda or cuda:0.")]
Compile = Annotated[
    str,
    typer.Option(
        "--compile", metavar="MODE", help="torch.compile: off, default, reduce-overhead or max-autotune."
    ),
]
Images = Annotated[
    Path | None, typer.Option(metavar="DIR", help="A folder of images. [default: generated images]")
]
DrawnSize = Annotated[int, typer.Option(min=1, metavar="PIXELS", help="Size of generated images.")]
Repeats = Annotated[int, typer.Option(metavar="N", help="Maximum number of timed calls per stage.")]
Seconds = Annotated[float, typer.Option(metavar="SECONDS", help="Time limit. At least 5 rounds are timed.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write all times to a .json file.")
]
Compare = Annotated[Path | None, typer.Option(metavar="FILE", help="Compare with an earlier record (.json).")]
Force = Annotated[
    bool,
    typer.Option("--force", help="Compare records of different settings. The differences are listed."),
]

STAGES = "decode,detect,crop,augment,backbone,head,training_step,end_to_end"


def bench(
    recipe: Recipe = "quickstart",
    overrides: Overrides = None,
    detector: DetectorPart = None,
    backbone: Part = None,
    head: Part = None,
    stages: Stages = STAGES,
    batch_size: BatchSize = "1,8,32",
    image_size: ImageSize = None,
    precision: Precision = "auto",
    device: Device = "auto",
    compile_mode: Compile = "off",
    images: Images = None,
    drawn_size: DrawnSize = 320,
    repeats: Repeats = 50,
    seconds: Seconds = 60.0,
    out: Out = None,
    compare: Compare = None,
    force: Force = False,
) -> None:
    """Measure the speed and memory of each stage of a recipe.

    By default, all stages of the recipe quickstart are measured, with batches of 1, 8 and 32 generated
    images.

    Example: ferkit bench quickstart --stages decode,detect --out record.json

    Docs: docs/architecture.md
    """
    from ferkit.bench.delivery import deliver, watch
    from ferkit.bench.plan import Plan, split_list, split_numbers
    from ferkit.bench.recipes import load_for_bench
    from ferkit.bench.record import check_writable, read_record
    from ferkit.bench.run import Variant
    from ferkit.bench.run import bench as measure

    sizes = split_numbers(batch_size, "--batch-size")
    plan = Plan(split_list(stages, "--stages"), sizes, precision, device, compile_mode, images)
    plan = replace(plan, rounds=repeats, seconds=seconds)
    old = read_record(compare) if compare else None
    if out:
        check_writable(out)
    parts = {"detector": detector, "model.backbone": backbone, "model.head": head}
    settings = [*(overrides or ()), *([f"model.image_size={image_size}"] if image_size else [])]
    checked, registry = load_for_bench(recipe, settings, parts, max(plan.batch_sizes), drawn_size)
    with watch() as say:
        record = measure(f"ferkit bench {quote(recipe)}", registry, [Variant(checked, plan)], say)
    deliver(record, out, old, force)
