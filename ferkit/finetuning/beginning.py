"""What a fine-tuned network begins with: pretrained weights, or a model that was trained before."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferkit.discovery import load_plugins
from ferkit.errors import RunError
from ferkit.predict.description import Description
from ferkit.predict.model import find_model, read_description
from ferkit.recipe import Model

WEIGHTS = "msceleb1m"
"""Where nothing is said."""
SIDE: int = Model().image_size
STAGE = "block8"
"""Where the features are taken; what comes after is of no use here, and not kept."""
BACKBONE: str = Model().backbone.name


@dataclass(frozen=True, slots=True)
class Beginning:
    """sections: the parts of a recipe that follow from it; labels: those that its classes must be, if any."""

    sections: dict[str, Any]
    labels: tuple[str, ...] = field(default=())


def find_beginning(name: str | None) -> Beginning:
    """name: of weights, a run's folder or a model file. Raises RunError where it is none of these."""
    wanted = name or WEIGHTS
    weights = _weights_of_backbone()
    if wanted in weights:
        return Beginning({"model": _model(wanted)})
    try:
        path = find_model(wanted)
    except RunError as error:
        raise RunError(
            f"--from {wanted}: expected a run's folder, a model file, or weights: {', '.join(weights)}"
        ) from error
    return _of_model(path)


def _weights_of_backbone() -> list[str]:
    """Those that come with it; others may be named by --set model.backbone.weights=."""
    registry = load_plugins()
    own = registry.provider("backbone", BACKBONE)
    return [name for name in registry.names("weights") if registry.provider("weights", name) == own]


def _model(weights: str) -> dict[str, Any]:
    return {
        "image_size": SIDE,
        "backbone": {"name": BACKBONE, "weights": weights, "last_stage": STAGE},
        "head": {"name": "linear", "stage": STAGE, "dropout": 0.6},
    }


def _of_model(path: Path) -> Beginning:
    """The same network, its tensors, and faces as it was shown them."""
    if path.is_dir():
        from ferkit.predict.run_model import open_run

        opened = open_run(path)
        path, known = opened.file, opened.description
    elif path.suffix == ".safetensors":
        known = read_description(path)
    else:
        raise RunError(f"--from {path}: only a run's folder or a .safetensors file can be trained further")
    return Beginning(_sections(path, known), known.labels)


def _sections(file: Path, known: Description) -> dict[str, Any]:
    table = known.as_table()
    model = {key: value for key, value in table["model"].items() if value is not None}
    return {
        **({"plugins": table["plugins"]} if table["plugins"] else {}),
        "detector": table["detector"],
        "faces": table["faces"],
        "model": {**model, "initial": str(file)},
    }
