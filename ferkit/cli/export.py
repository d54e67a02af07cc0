"""The command `ferkit export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferkit.cli.fold import Fold, Repeat, read_fold
from ferkit.cli.trust import TrustPlugins

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or a model file (.safetensors).")]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="FILE", help="The file to write: .safetensors, .onnx or .pt2.")
]
Detector = Annotated[
    str | None,
    typer.Option(
        "--detector",
        "-d",
        metavar="NAME",
        help="Detector for prediction: a name, or a table as in a recipe. [default: the detector of the run]",
    ),
]
Half = Annotated[
    bool, typer.Option("--half", help="Round the weights to float16: half the size of a .safetensors file.")
]
Licence = Annotated[
    str,
    typer.Option(
        "--license", metavar="ID", help="License of the model, as the Hugging Face Hub spells it: mit."
    ),
]


def export(
    model: Run,
    out: Out,
    repeat: Repeat = None,
    fold: Fold = None,
    detector: Detector = None,
    half: Half = False,
    licence: Licence = "unknown",
    trust_plugins: TrustPlugins = False,
) -> None:
    """Export the network of a run to one file for `ferkit predict`.

    The suffix of --out selects the format: .safetensors, .onnx (opset 18) or .pt2 (torch.export). --fold all
    exports the mean of the folds' probabilities as one ONNX or .pt2 graph. ferkit compares the file with
    torch on an image of a face, and deletes it if the probabilities differ. ONNX and .pt2 files take
    normalised images (B, 3, size, size) and return probabilities. A model card for the Hugging Face Hub is
    written to FILE.card.md. Labels and preprocessing for other programs are written to FILE.config.json.

    Example: ferkit export runs/mine --out model.safetensors

    Docs: docs/site/predict.md
    """
    from ferkit.neural.preprocessing import describe_normalize
    from ferkit.predict.card.config import config_file
    from ferkit.predict.card.facts import gather
    from ferkit.predict.card.render import write_card
    from ferkit.predict.face_finder import read_part
    from ferkit.predict.model.export import export_model
    from ferkit.predict.model.which import WhichNetwork

    finder = read_part(detector) if detector else None
    which = WhichNetwork(repeat, read_fold(fold))
    made = export_model(model, out, which, detector=finder, is_half=half, trust_plugins=trust_plugins)
    known = made.description
    typer.echo(f"{made.file}: {known.source}, {made.file.stat().st_size / 1e6:.1f} MB")
    typer.echo(f"labels: {', '.join(known.labels)}")
    fitted = [f"{one:.3f}" for one in made.loaded.temperatures if one != 1]
    typer.echo(f"temperature: {', '.join(fitted) or 'none fitted'}")
    side, how = known.model.image_size, describe_normalize(known.model.normalize)
    typer.echo(f"input: {side} x {side} pixel faces, normalised as {how}, detected by {known.detector.name}")
    typer.echo(
        f"checked: probabilities of {made.faces} face images are within {made.difference:.1g} of torch's"
    )
    if half:
        typer.echo(f"float16: rounding changes these probabilities by {made.rounding:.1g} at most")
    typer.echo(f"card: {write_card(gather(made.file, made.loaded, licence))}")
    typer.echo(f"config: {config_file(made.file)}")
