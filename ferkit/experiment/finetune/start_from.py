"""What a fine-tuned network begins with: pretrained weights, or a model that was trained before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ferkit.components.discovery import (
    folders_of_model,
    load_plugins,
    load_plugins_of_model,
    make_importable,
)
from ferkit.errors import RunError
from ferkit.neural.options import Model
from ferkit.predict.model.description import Description
from ferkit.predict.model.load import DEFAULT, find_model, read_description
from ferkit.runtime.shipped import read_template


@dataclass(frozen=True, slots=True)
class InitialModel:
    """sections: the parts of a recipe that follow from it; file: of the model that is gone on from, if any;
    labels: the model's."""

    sections: dict[str, Any]
    file: Path | None = None
    labels: tuple[str, ...] = ()

    def model_for(self, labels: Sequence[str]) -> dict[str, Any]:
        """The recipe's `[model]` for the data's labels.

        Of a model of other classes the backbone alone is of use: head and output are made for the classes,
        and so begin anew, the output as if nothing had been said of it.
        """
        model: dict[str, Any] = self.sections["model"]
        if list(labels) == list(self.labels):
            return {**model, "initial": str(self.file)}
        others = {key: value for key, value in model.items() if key != "output"}
        return {**others, "initial": str(self.file), "initial_part": "backbone"}


def find_beginning(name: str | None, trust_plugins: bool = False) -> InitialModel:
    """Find the initial weights or model of a fine-tuning.

    Args:
        name: Weights, a run folder or a model file.
        trust_plugins: Import modules that the model names, also if no installed plugin provides them. Its
            folder and the working directory stay on Python's path, as the training needs them.

    Raises:
        RunError: The name is none of these.
        ComponentError: The model needs a module that is not trusted.
    """
    model = read_template("finetune")["model"]
    backbone = model["backbone"]
    wanted = name or backbone["weights"]
    weights = _weights_of(backbone["name"])
    if wanted in weights:
        return InitialModel({"model": {**model, "backbone": {**backbone, "weights": wanted}}})
    try:
        path = find_model(wanted)
    except RunError as error:
        raise RunError(
            f"--from {wanted}: expected a run's folder, a model file, {DEFAULT!r} (the model that ferkit "
            f"brings), or weights: {', '.join(weights)}"
        ) from error
    if trust_plugins:
        for folder in folders_of_model(path):
            make_importable(folder)
    return _of_model(path, trust_plugins)


def _weights_of(backbone: str) -> list[str]:
    """Those that come with it; others may be named by --set model.backbone.weights=."""
    registry = load_plugins()
    own = registry.provider("backbone", backbone)
    return [name for name in registry.names("weights") if registry.provider("weights", name) == own]


def _of_model(path: Path, trust_plugins: bool) -> InitialModel:
    """The same network, its tensors, and faces as it was shown them."""
    if path.is_dir():
        from ferkit.predict.model.from_run import open_run

        opened = open_run(path, trust_plugins=trust_plugins)
        path, known = opened.file, opened.description
    elif path.suffix == ".safetensors":
        known = read_description(path)
    else:
        raise RunError(f"--from {path}: only a run's folder or a .safetensors file can be trained further")
    load_plugins_of_model(known.plugins, path, trust_plugins)
    return InitialModel(_sections(replace(known, model=_without_weights(path, known))), path, known.labels)


def _without_weights(file: Path, known: Description) -> Model:
    """The model without the pretrained weights that the file's tensors take the place of, so that none are
    fetched; with them where the network's shape depends on them."""
    import torch

    from ferkit.neural.build import wire_model, without_pretrained
    from ferkit.neural.init_from import start_problems

    try:
        registry = load_plugins(known.plugins)
        bare = without_pretrained(known.model, registry)
        with torch.device("meta"):
            network = wire_model(bare, registry, known.labels)
        return known.model if start_problems(network, file, known.labels) else bare
    except Exception:
        return known.model  # what is wrong with it is told when the recipe is checked


def _sections(known: Description) -> dict[str, Any]:
    table = known.as_table()
    model = {key: value for key, value in table["model"].items() if value is not None}
    return {
        **({"plugins": table["plugins"]} if table["plugins"] else {}),
        "detector": table["detector"],
        "faces": table["faces"],
        "model": model,
    }
