"""The command `ferkit evaluate`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from ferkit.cli.fold import Fold, Repeat, read_fold
from ferkit.cli.predict import BatchSize, Detector, Device
from ferkit.cli.trust import TrustPlugins

if TYPE_CHECKING:
    from ferkit.assess.result import Evaluation


class EvaluateCommand(typer.core.TyperCommand):
    """The command. Its option --shift may have no value, which typer cannot declare."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments, where --shift at the end or before another option is --shift all."""
        pairs = zip(args, [*args[1:], "-"], strict=False)
        given = ["--shift=all" if one == "--shift" and after[:1] == "-" else one for one, after in pairs]
        return super().parse_args(ctx, given)


class NoFaces(StrEnum):
    wrong = "wrong"
    skip = "skip"


class Split(StrEnum):
    train = "train"
    validation = "validation"
    test = "test"


Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A run folder, a file from `ferkit export` (.safetensors, .onnx, .pt2), a model on the Hugging "
        "Face Hub (hf://USER/NAME@REVISION), or 'default' for the bundled model.",
    ),
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A folder with one folder per class, a CSV or TSV list, a recipe (its [data]), or a data set's "
        "name with --set data.root=DIR.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the data: data.root=faces."),
]
Rename = Annotated[
    list[str] | None,
    typer.Option(
        "--rename",
        metavar="DATA=MODEL",
        help="Map a label of the data to a label of the model: happy=happiness. happy= drops its images. "
        "Repeatable.",
    ),
]
By = Annotated[
    list[str] | None,
    typer.Option("--by", metavar="KIND", help="Compare the groups of this kind, such as gender. Repeatable."),
]
Group = Annotated[
    str | None,
    typer.Option(
        "--group",
        metavar="KIND",
        help="Kind of group that the intervals draw, such as person, or image. [default: the coarsest with 5 "
        "groups]",
    ),
]
Among = Annotated[
    str | None,
    typer.Option(
        "--among",
        metavar="LABELS",
        help="Comma-separated labels that compete: neutral,happiness. [default: all labels of the model]",
    ),
]
Part = Annotated[Split | None, typer.Option("--split", help="Use only the images of this split.")]
NoFace = Annotated[
    NoFaces, typer.Option("--no-face", help="Count images without a face as wrong, or skip them.")
]
Shift = Annotated[
    str | None,
    typer.Option(
        "--shift",
        metavar="[KINDS]",
        help="Score changed images too. Comma-separated kinds: blur, noise, jpeg, dark, small, occlusion, "
        "grey, tighter, looser, off_center. Without a value: all.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Write predictions.csv, evaluation.json and a page with figures.",
    ),
]


def evaluate(
    model: Model,
    data: Target,
    overrides: Overrides = None,
    rename: Rename = None,
    by: By = None,
    group: Group = None,
    among: Among = None,
    split: Part = None,
    no_face: NoFace = NoFaces.wrong,
    shift: Shift = None,
    repeat: Repeat = None,
    fold: Fold = None,
    detector: Detector = None,
    out: Out = None,
    device: Device = "auto",
    batch_size: BatchSize = 16,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Score a model on labelled images.

    Every image goes from file to label as in `ferkit predict`; the first face counts. The scores are
    accuracy, UAR (balanced accuracy), macro F1 and calibration, with 95% bootstrap intervals. Intervals draw
    whole groups if the data has groups. Labels are matched by name, never guessed.

    Images without a face count as wrong by default. A warning says how many images the model was trained on.
    With --fold all, the images of every fold count.

    --shift measures robustness: the scores on blurred, noisy, dark and otherwise changed images. The face is
    found once, in the unchanged image.

    Example: ferkit evaluate default faces --rename happy=happiness --out scores

    Docs: docs/site/evaluate.md
    """
    _check_out(out)
    loading = {"device": device, "batch_size": batch_size, "trust_plugins": trust_plugins}
    found = _score(
        model,
        data,
        overrides=overrides or (),
        rename=rename or (),
        by=by or (),
        group=group,
        among=[name.strip() for name in among.split(",")] if among else (),
        split=split,
        no_face=no_face,
        shift=() if shift is None else shift or ",",
        repeat=repeat,
        fold=read_fold(fold),
        detector=detector,
        **loading,
    )
    _report(found, out)


def _check_out(out: Path | None) -> None:
    from ferkit.assess.files import check_folder

    if out:
        check_folder(out)


def _score(model: str, data: str, **options: Any) -> Evaluation:
    from ferkit.assess.evaluate import evaluate as score
    from ferkit.cli.progress import watch_images
    from ferkit.runtime.malloc import keep_freed

    keep_freed()
    with watch_images() as progress:
        return score(model, data, progress=progress, **options)


def _report(found: Evaluation, out: Path | None) -> None:
    from ferkit.assess.files import write_evaluation
    from ferkit.assess.text import describe
    from ferkit.cli.tables import make_console
    from ferkit.messages import printable

    for line in describe(found, make_console().width):
        typer.echo(line)
    for file in write_evaluation(found, out) if out else ():
        typer.echo(f"written: {printable(str(file))}")
