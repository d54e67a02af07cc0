"""`ferkit bench`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ferkit.messages import quote

Part = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A component, or { name = ..., its options }. Without: the recipe's."),
]
DetectorPart = Annotated[
    str | None,
    typer.Option(
        "--detector",
        "-d",
        metavar="NAME",
        help="A component, or { name = ..., its options }. Without: the recipe's.",
    ),
]
Recipe = Annotated[str, typer.Argument(help="A recipe's file, or the name of one that ferkit ships.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: fit.epochs=3.")
]
Stages = Annotated[
    str,
    typer.Option(
        show_default=False,
        help="Of decode, detect, crop, augment, backbone, head, training_step, end_to_end, with commas. "
        "Without: all.",
    ),
]
BatchSize = Annotated[str, typer.Option("--batch-size", "-b", help="One or more, with commas.")]
ImageSize = Annotated[
    int | None, typer.Option(min=1, help="The network's input, pixels. Without: the recipe's.")
]
Precision = Annotated[
    str, typer.Option(help="float32, bfloat16, float16 or tf32; auto: as a training chooses.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:0.")]
Compile = Annotated[
    str,
    typer.Option(
        "--compile", metavar="MODE", help="torch.compile: off, default, reduce-overhead or max-autotune."
    ),
]
Images = Annotated[Path | None, typer.Option(help="A folder of images. Without: drawn ones.")]
DrawnSize = Annotated[int, typer.Option(min=1, help="The side of drawn images, pixels.")]
Repeats = Annotated[int, typer.Option(help="Calls of each stage that are timed, at most.")]
Seconds = Annotated[float, typer.Option(help="Begin no further round after so long; 5 are made.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write all times as JSON.")]
Compare = Annotated[
    Path | None, typer.Option(metavar="OLD.json", help="Whether it is faster than when OLD was measured.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Compare what was measured otherwise; the differences are told.")
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
    """Measure how fast a recipe's stages are, and what memory they take, on this machine."""
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
