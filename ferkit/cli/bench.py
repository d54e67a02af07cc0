"""`ferkit bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Part = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help='A name, or { name = "timm", model = "resnet18" }. [default: the recipe\'s]'
    ),
]


def bench(
    recipe: Annotated[str, typer.Argument(help="A recipe's file, or the name of one that ferkit ships.")] = (
        "quickstart"
    ),
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: fit.epochs=3.")
    ] = None,
    detector: Part = None,
    backbone: Part = None,
    head: Part = None,
    stages: Annotated[
        str | None,
        typer.Option(
            help="Of decode, detect, crop, augment, backbone, head, training_step, end_to_end, with commas. "
            "[default: all]"
        ),
    ] = None,
    batch_size: Annotated[str, typer.Option(help="One or more, with commas.")] = "1,8,32",
    image_size: Annotated[int | None, typer.Option(help="The network's input, pixels.")] = None,
    precision: Annotated[
        str, typer.Option(help="float32, bfloat16, float16 or tf32; auto: as a training chooses.")
    ] = "auto",
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda or cuda:0. What a GPU does is not yet measured on one.")
    ] = "auto",
    compile_mode: Annotated[
        str,
        typer.Option(
            "--compile", metavar="MODE", help="torch.compile: off, default, reduce-overhead or max-autotune."
        ),
    ] = "off",
    images: Annotated[Path | None, typer.Option(help="A folder of photographs. [default: drawn]")] = None,
    photograph_size: Annotated[int, typer.Option(help="The side of drawn photographs, pixels.")] = 320,
    repeats: Annotated[int, typer.Option(help="Calls of each stage that are timed, at most.")] = 50,
    seconds: Annotated[float, typer.Option(help="Begin no further round after so long; 5 are made.")] = 60.0,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all times as JSON.")
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(metavar="OLD.json", help="Whether it is faster than when OLD was measured.")
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Compare what was measured otherwise; the differences are told.")
    ] = False,
) -> None:
    """Measure how fast a recipe's stages are, and what memory they take, on this machine."""
    from ferkit.bench.delivery import deliver, watch
    from ferkit.bench.plan import STAGES, Plan, split_list, split_numbers
    from ferkit.bench.recipes import load_for_bench
    from ferkit.bench.record import read_record
    from ferkit.bench.run import Variant
    from ferkit.bench.run import bench as measure

    plan = Plan(
        stages=STAGES if stages is None else split_list(stages),
        batch_sizes=split_numbers(batch_size, "--batch-size"),
        precision=precision,
        device=device,
        compile_mode=compile_mode,
        images=images,
        rounds=repeats,
        seconds=seconds,
    )
    old = read_record(compare) if compare else None
    parts = {"detector": detector, "model.backbone": backbone, "model.head": head}
    settings = [*(overrides or ()), *([f"model.image_size={image_size}"] if image_size else [])]
    checked, registry = load_for_bench(recipe, settings, parts, max(plan.batch_sizes), photograph_size)
    with watch() as say:
        record = measure(f"ferkit bench {recipe}", registry, [Variant(checked, plan)], say)
    deliver(record, json_file, old, anyway)
