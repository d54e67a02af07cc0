"""The command `ferkit export`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from ferkit.cli.fold import Fold, Repeat, read_fold
from ferkit.cli.trust import TrustPlugins

if TYPE_CHECKING:
    from ferkit.predict.card.facts import Facts
    from ferkit.predict.model.export import Exported
    from ferkit.runtime.hub_reference import HubReference

Run = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A run folder, a model file (.safetensors), or a model on the Hugging Face Hub (hf://USER/NAME).",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="The file to write: .safetensors, .onnx or .pt2."),
]
Push = Annotated[
    str | None,
    typer.Option(
        "--push",
        metavar="hf://USER/NAME",
        help="Upload the model, its card and config.json to the Hugging Face Hub. Needs HF_TOKEN, or a login "
        "by `hf auth login`.",
    ),
]
Private = Annotated[bool, typer.Option("--private", help="Create a private repository. Needs --push.")]
Space = Annotated[
    bool,
    typer.Option(
        "--space", help="Create a Gradio Space too, a page where the model can be tried. Needs --push."
    ),
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
    out: Out = None,
    push: Push = None,
    private: Private = False,
    space: Space = False,
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

    --push uploads the model as model.safetensors (or model.onnx, if --out names an .onnx file), with
    config.json and the card. `ferkit predict --model hf://USER/NAME` then uses it.

    Example: ferkit export runs/mine --out model.safetensors

    Docs: docs/site/predict.md
    """
    from ferkit.predict.card.facts import gather
    from ferkit.predict.face_finder import read_part
    from ferkit.predict.hub.upload import prepare_upload
    from ferkit.predict.model.export import export_model
    from ferkit.predict.model.which import WhichNetwork

    _check_options(out, push, private or space)
    target = prepare_upload(push, out.suffix if out else ".safetensors") if push else None
    finder = read_part(detector) if detector else None
    which = WhichNetwork(repeat, read_fold(fold))
    with TemporaryDirectory() as folder:
        file = out or Path(folder) / "model.safetensors"
        made = export_model(model, file, which, detector=finder, is_half=half, trust_plugins=trust_plugins)
        _describe(made, out or file.name, half)
        facts = gather(made.file, made.loaded, licence)
        if out:
            _write_card(facts)
        if target:
            _push(facts, target, private, space)


def _check_options(out: Path | None, push: str | None, is_for_push: bool) -> None:
    """Raises RunError if nothing is to be written, or an option does not apply."""
    from ferkit.errors import RunError

    if not (out or push):
        raise RunError("Nothing to write. Give --out FILE, --push hf://USER/NAME, or both.")
    if is_for_push and not push:
        raise RunError("--private and --space apply to an upload. Give --push hf://USER/NAME.")


def _describe(made: Exported, name: str | Path, is_half: bool) -> None:
    from ferkit.neural.preprocessing import describe_normalize

    known = made.description
    typer.echo(f"{name}: {known.source}, {made.file.stat().st_size / 1e6:.1f} MB")
    typer.echo(f"labels: {', '.join(known.labels)}")
    fitted = [f"{one:.3f}" for one in made.loaded.temperatures if one != 1]
    typer.echo(f"temperature: {', '.join(fitted) or 'none fitted'}")
    side, how = known.model.image_size, describe_normalize(known.model.normalize)
    typer.echo(f"input: {side} x {side} pixel faces, normalised as {how}, detected by {known.detector.name}")
    typer.echo(
        f"checked: probabilities of {made.faces} face images are within {made.difference:.1g} of torch's"
    )
    if is_half:
        typer.echo(f"float16: rounding changes these probabilities by {made.rounding:.1g} at most")


def _write_card(facts: Facts) -> None:
    from ferkit.predict.card.config import config_file
    from ferkit.predict.card.render import write_card

    typer.echo(f"card: {write_card(facts)}")
    typer.echo(f"config: {config_file(facts.file)}")


def _push(facts: Facts, target: HubReference, is_private: bool, has_space: bool) -> None:
    from ferkit.predict.hub.space import push_space
    from ferkit.predict.hub.upload import push_model

    pushed = push_model(facts, target, is_private=is_private)
    typer.echo(f"pushed: {pushed.url}")
    typer.echo(f"model: {pushed.reference}")
    if has_space:
        typer.echo(f"space: {push_space(pushed, is_private=is_private).url}")
