"""`ferkit export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, or a model file (.safetensors).")]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="FILE", help="model.safetensors, model.onnx or model.pt2.")
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
        "--detector",
        "-d",
        metavar="NAME",
        help="Finds the faces from now on, instead of the training's: a name, or a table as in a recipe.",
    ),
]
Half = Annotated[
    bool, typer.Option("--half", help="Round the weights to float16: half the size of a .safetensors file.")
]
Licence = Annotated[
    str, typer.Option("--license", metavar="ID", help="The model's, as the Hub spells it, e.g. mit.")
]


def export(
    model: Run,
    out: Out,
    repeat: Repeat = None,
    fold: Fold = None,
    detector: Detector = None,
    half: Half = False,
    licence: Licence = "unknown",
) -> None:
    """Make one file of a run's network, with all that `ferkit predict` needs to use it.

    What is written is read back and compared with torch on an image of a face first; where its
    probabilities differ, nothing is left. ONNX (opset 18) and .pt2 (torch.export) take images
    (B, 3, side, side), normalised, and give probabilities. Beside it lies its card, FILE.card.md: what it
    is, was trained on and scored, and is not for, as the Hugging Face Hub reads it (there: README.md).
    """
    from ferkit.predict.card.facts import gather
    from ferkit.predict.card.render import write_card
    from ferkit.predict.face_finder import read_part
    from ferkit.predict.model.export import export_model
    from ferkit.predict.model.which import WhichNetwork

    finder = read_part(detector) if detector else None
    made = export_model(model, out, WhichNetwork(repeat, fold), detector=finder, is_half=half)
    known = made.description
    typer.echo(f"{made.file}: {known.source}, {made.file.stat().st_size / 1e6:.1f} MB")
    typer.echo(f"labels: {', '.join(known.labels)}")
    fitted = f"{known.temperature:.3f}" if known.temperature != 1 else "none was fitted"
    typer.echo(f"temperature: {fitted}")
    side, how = known.model.image_size, known.model.normalize
    typer.echo(f"input: faces of {side} by {side}, normalised as {how}; found by {known.detector.name}")
    typer.echo(
        f"checked: {made.faces} pictures of a face give torch's probabilities, within {made.difference:.1g}"
    )
    if half:
        typer.echo(f"rounding to float16 changes these probabilities by at most {made.rounding:.1g}")
    typer.echo(f"card: {write_card(gather(made.file, made.loaded, licence))}")
