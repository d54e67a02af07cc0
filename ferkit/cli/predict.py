"""`ferkit predict`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

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
        "--model", "-m", help="A run's folder, or a file by `ferkit export` (.safetensors, .onnx, .pt2)."
    ),
]
Repeat = Annotated[
    int | None,
    typer.Option(min=0, help="Which repeat of a run, from 0. Default: the first."),
]
Fold = Annotated[
    int | None,
    typer.Option(min=0, help="Which fold of a run, from 0. Default: the first."),
]
Detector = Annotated[
    str | None,
    typer.Option(
        "--detector", "-d", help="A name, or '{name=\"mtcnn\", min_face_size=40}'; else the model's own."
    ),
]
Out = Annotated[
    list[Path] | None,
    typer.Option(
        "--out",
        "-o",
        help="A table (.csv, .jsonl, .parquet), or a folder for annotated pictures and videos. May be given "
        "several times.",
    ),
]
Printing = Annotated[Form, typer.Option("--format", help="Of what is printed where there is no --out.")]
Every = Annotated[int, typer.Option(min=1, help="Of a video, look at each so many-th frame.")]
Threshold = Annotated[
    float, typer.Option(min=0, max=1, help="Probability below which a face's expression is left open.")
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:0.")]
BatchSize = Annotated[
    int, typer.Option("--batch-size", "-b", min=1, help="Images, and faces, computed together.")
]
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
) -> None:
    """Find the faces in images and videos, and say what they express.

    One row for each face, with a probability for each label; a picture without a face has one row that says
    so. Exit status: 0 where all that was asked for was done; 3 where something was not, which is listed at
    the end with the reason, or where Ctrl-C ended the work (of a camera: 0); 2 for options with problems; 1
    where nothing could be begun, or the results could not be written.
    """
    from ferkit.predict.job import do_work
    from ferkit.predict.output.open import open_sink
    from ferkit.predict.output.tables import Printed
    from ferkit.predict.predictor import Predictor
    from ferkit.runtime.malloc import keep_freed

    places = list(dict.fromkeys(out or ()))
    sinks = [open_sink(place, inputs) for place in places] or [Printed(sys.stdout, form.value)]
    keep_freed()
    predictor = Predictor(
        model,
        repeat=repeat,
        fold=fold,
        detector=detector,
        device=device,
        batch_size=batch_size,
        threshold=threshold,
    )
    if not quiet:
        typer.echo(f"model: {predictor.told}", err=True)
    tally = do_work(predictor, inputs, sinks, every=every)
    for line in tally.describe_problems() if quiet else tally.describe():
        typer.echo(line, err=True)
    if not tally.is_complete:
        raise typer.Exit(NOT_ALL)
