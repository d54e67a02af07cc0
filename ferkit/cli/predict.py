"""`ferkit predict`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ferkit.cli.terminal import data_stream
from ferkit.cli.trust import TrustPlugins

NOT_ALL = 3


class Form(StrEnum):
    table = "table"
    csv = "csv"
    jsonl = "jsonl"


Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Images, videos, folders, patterns ('*.jpg'), a camera's number, or - (paths on standard "
        "input, one a line or separated by NUL).",
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="A run folder, or a file from `ferkit export` (.safetensors, .onnx, .pt2). "
        "[default: the bundled model]",
    ),
]
Repeat = Annotated[
    int | None,
    typer.Option(min=0, help="Repeat of the run, from 0. [default: the first]"),
]
Fold = Annotated[
    int | None,
    typer.Option(min=0, help="Fold of the run, from 0. [default: the first]"),
]
Detector = Annotated[
    str | None,
    typer.Option(
        "--detector",
        "-d",
        help="A detector, or '{name=\"mtcnn\", min_face_size=40}'. [default: the detector of the model]",
    ),
]
Out = Annotated[
    list[Path] | None,
    typer.Option(
        "--out",
        "-o",
        help="A table (.csv, .jsonl, .parquet), or a folder for annotated images and videos. Repeatable.",
    ),
]
Printing = Annotated[Form, typer.Option("--format", help="Format of the printed rows, without --out.")]
Every = Annotated[int, typer.Option(min=1, help="Process every Nth video frame.")]
Threshold = Annotated[
    float, typer.Option(min=0, max=1, help="Mark faces whose confidence is below this as abstained (0 to 1).")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:0.")]
BatchSize = Annotated[int, typer.Option("--batch-size", "-b", min=1, help="Images, and faces, per batch.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the results and what was not done.")]


def predict(
    inputs: Inputs,
    model: ModelName = None,
    repeat: Repeat = None,
    fold: Fold = None,
    detector: Detector = None,
    out: Out = None,
    form: Printing = Form.table,
    every: Every = 1,
    threshold: Threshold = 0.0,
    device: Device = "auto",
    batch_size: BatchSize = 16,
    quiet: Quiet = False,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Detect faces in images and videos, and classify their expressions.

    Writes one row per face, with a probability for each label. An image without a face has one row that says
    so. Uses the bundled model by default, prints a table, and takes the detector from the model.

    Exit status: 0 where everything was processed; 3 where some files were not (listed at the end with the
    reason) or Ctrl-C stopped the work (of a camera: 0); 2 for options with problems; 1 where nothing could
    start, or the results could not be written.

    Example: ferkit predict photo.jpg --out faces.csv

    Docs: docs/site/predict.md
    """
    from ferkit.predict.job import do_work
    from ferkit.predict.output.open import open_sinks
    from ferkit.predict.output.tables import Printed
    from ferkit.predict.predictor import Predictor
    from ferkit.runtime.malloc import keep_freed

    sinks = open_sinks(out or (), inputs) or [Printed(data_stream(), form.value)]
    keep_freed()
    predictor = Predictor(
        model,
        repeat=repeat,
        fold=fold,
        detector=detector,
        device=device,
        batch_size=batch_size,
        threshold=threshold,
        trust_plugins=trust_plugins,
    )
    if not quiet:
        typer.echo(f"model: {predictor.told}", err=True)
    tally = do_work(predictor, inputs, sinks, every=every)
    for line in tally.describe_problems() if quiet else tally.describe():
        typer.echo(line, err=True)
    if not tally.is_complete:
        raise typer.Exit(NOT_ALL)
