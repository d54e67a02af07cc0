"""The command `ferkit predict`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ferkit.cli.fold import Fold, Repeat, read_fold
from ferkit.cli.predict_parts import Jobs, On, check_outputs, predict_parts
from ferkit.cli.terminal import data_stream
from ferkit.cli.trust import TrustPlugins
from ferkit.cli.workers import Address, Cpus, Gpus, Memory, make_workers
from ferkit.predict.rates import DETECT_EVERY

if TYPE_CHECKING:
    from ferkit.predict.job import PredictionSummary
    from ferkit.predict.model_choice import ModelChoice
    from ferkit.predict.output.sink import Sink
    from ferkit.predict.predictor import Predictor

NOT_ALL = 3


class Form(StrEnum):
    table = "table"
    csv = "csv"
    jsonl = "jsonl"


class ColumnNames(StrEnum):
    ferkit = "ferkit"
    py_feat = "py-feat"


Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Images, videos, folders, patterns ('*.jpg'), a camera's number, or - for paths on standard "
        "input, one per line or separated by NUL. With --jobs or --on also addresses ('s3://bucket/*.jpg').",
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="A run folder, a file from `ferkit export` (.safetensors, .onnx, .pt2), or a model on the "
        "Hugging Face Hub (hf://USER/NAME@REVISION). "
        "[default: the bundled model]",
    ),
]
Detector = Annotated[
    str | None,
    typer.Option(
        "--detector",
        "-d",
        metavar="NAME",
        help="A detector's name, with options as in mtcnn:min_face_size=40,factor=0.8. "
        "[default: the detector of the model]",
    ),
]
Out = Annotated[
    list[Path] | None,
    typer.Option(
        "--out",
        "-o",
        metavar="PATH",
        help="A table (.csv, .jsonl, .parquet), or a folder for annotated images and videos. Repeatable.",
    ),
]
Summaries = Annotated[
    list[Path] | None,
    typer.Option(
        "--summary",
        metavar="FILE",
        help="Summarise the tracks of videos (.html, .json, .csv): first and last time, shares of "
        "expressions, episodes. Repeatable.",
    ),
]
Thumbnails = Annotated[
    bool, typer.Option("--thumbnails", help="Embed small images of faces in --summary FILE.html.")
]
Columns = Annotated[
    ColumnNames, typer.Option("--columns", help="Columns of CSV: those of ferkit, or of py-feat.")
]
Printing = Annotated[
    Form, typer.Option("--format", help="Format of the printed rows. Ignored with --out or --summary.")
]
Every = Annotated[int, typer.Option(min=1, metavar="N", help="Process every Nth video frame.")]
DetectEvery = Annotated[
    int,
    typer.Option(
        "--detect-every",
        min=1,
        metavar="N",
        help="Detect faces in every Nth processed video frame, and carry them in between. 1: in every frame.",
    ),
]
Smooth = Annotated[
    float,
    typer.Option(
        min=0,
        max=10,
        metavar="SECONDS",
        help="Smooth the probabilities of each tracked face over this time on both sides. 0 does not smooth.",
    ),
]
Threshold = Annotated[
    float,
    typer.Option(min=0, max=1, metavar="P", help="Mark faces with a confidence below P (0..1) as abstained."),
]
Device = Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda or cuda:0.")]
BatchSize = Annotated[
    int, typer.Option("--batch-size", "-b", min=1, metavar="N", help="Images, and faces, per batch.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only results and errors.")]


def predict(
    inputs: Inputs,
    model: ModelName = None,
    repeat: Repeat = None,
    fold: Fold = None,
    detector: Detector = None,
    out: Out = None,
    summary: Summaries = None,
    thumbnails: Thumbnails = False,
    form: Printing = Form.table,
    columns: Columns = ColumnNames.ferkit,
    every: Every = 1,
    detect_every: DetectEvery = DETECT_EVERY,
    smooth: Smooth = 0.0,
    threshold: Threshold = 0.0,
    device: Device = "auto",
    batch_size: BatchSize = 16,
    jobs: Jobs = None,
    on: On = None,
    address: Address = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    memory: Memory = None,
    quiet: Quiet = False,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Recognise the expressions of faces in images and videos.

    The output has one row per face with a probability for each label. An image without a face has one row
    that says so. By default, ferkit uses the bundled model with seven expressions and the detector of the
    model, and prints a table.

    Exit status: 0 if every input was processed, 3 if some inputs failed or Ctrl-C stopped the work, 2 for an
    invalid option, 1 for other errors. Failed inputs are listed at the end. Ctrl-C is the normal way to stop
    a camera (0).

    Example: ferkit predict photo.jpg --out faces.csv

    Docs: docs/site/predict.md
    """
    from ferkit.predict.model_choice import ModelChoice

    rate = {"every": every, "detect_every": detect_every, "smooth": smooth}
    network = (model, repeat, read_fold(fold))
    choice = ModelChoice(*network, detector, device, batch_size, threshold, trust_plugins)
    if workers := make_workers(jobs, on, address, cpus, gpus, memory):
        folder = check_outputs(out or (), summary=summary, thumbnails=thumbnails, columns=columns != "ferkit")
        _load(replace(choice, device="cpu"), quiet)  # to find errors early, also without the GPU of the nodes
        tally = predict_parts(choice, inputs, folder, workers, quiet, **rate)
    else:
        choice.open_early()
        sinks = _open_outputs(inputs, out or (), summary or (), smooth, thumbnails, form, columns)
        tally = _predict(_load(choice, quiet), inputs, sinks, quiet, **rate)
    _finish(tally, quiet)


def _finish(tally: PredictionSummary, quiet: bool) -> NoReturn:
    """Print what was done, and exit with the status."""
    for line in tally.describe_problems() if quiet else tally.describe():
        typer.echo(line, err=True)
    raise typer.Exit(0 if tally.is_complete else NOT_ALL)


def _open_outputs(
    inputs: Sequence[str],
    out: Sequence[Path],
    summary: Sequence[Path],
    smooth: float,
    thumbnails: bool,
    form: Form,
    columns: ColumnNames,
) -> Sequence[Sink]:
    """Open all outputs; standard output if there is none."""
    from ferkit.predict.output.open import open_printed, open_sinks
    from ferkit.predict.summary.sink import open_summaries

    summaries = open_summaries(summary, out, smooth, thumbnails)
    sinks = [*open_sinks(out, inputs, columns), *summaries]
    return sinks or [open_printed(data_stream(), form.value, columns)]


def _load(choice: ModelChoice, quiet: bool) -> Predictor:
    """Load the model, and name it."""
    from ferkit.runtime.malloc import keep_freed

    keep_freed()
    predictor = choice.load()
    if not quiet:
        typer.echo(f"model: {predictor.title}", err=True)
        if predictor.sha256:
            typer.echo(f"sha256: {predictor.sha256}", err=True)
    return predictor


def _predict(
    predictor: Predictor, inputs: Sequence[str], sinks: Sequence[Sink], quiet: bool, **rate: Any
) -> PredictionSummary:
    """Predict all inputs in this process."""
    from ferkit.cli.video_progress import watch_videos
    from ferkit.predict.job import do_work
    from ferkit.predict.output.tables import Printed
    from ferkit.predict.summary.sink import SummarySink

    for sink in sinks:
        if isinstance(sink, SummarySink):
            sink.model = predictor.title
    is_printing = any(isinstance(sink, Printed) for sink in sinks) and sys.stdout.isatty()
    with watch_videos(not quiet and not is_printing) as show:
        return do_work(predictor, inputs, sinks, show=show, **rate)
