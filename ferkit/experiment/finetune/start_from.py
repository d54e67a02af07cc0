"""The initial model of a fine-tuning: pretrained weights, or an earlier model."""

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
from ferkit.predict.model.bundled import DEFAULT
from ferkit.predict.model.description import Description
from ferkit.predict.model.find import find_model
from ferkit.predict.model.load import read_description
from ferkit.runtime.hub_reference import describe_file, is_reference
from ferkit.runtime.shipped import read_template


@dataclass(frozen=True, slots=True)
class InitialModel:
    """The initial weights or model of a fine-tuning.

    Attributes:
        sections: Sections of the recipe that it determines.
        file: File of the earlier model, if any.
        labels: Labels of the earlier model.
    """

    sections: dict[str, Any]
    file: Path | None = None
    labels: tuple[str, ...] = ()

    def model_for(self, labels: Sequence[str]) -> dict[str, Any]:
        """Return the `[model]` of the recipe for the labels of the data.

        If the model has other labels, only its backbone is used. The head is new, and the output is the
        default.
        """
        assert self.file
        model: dict[str, Any] = self.sections["model"]
        if list(labels) == list(self.labels):
            return {**model, "initial": describe_file(self.file)}
        others = {key: value for key, value in model.items() if key != "output"}
        return {**others, "initial": describe_file(self.file), "initial_part": "backbone"}


def find_beginning(name: str | None, trust_plugins: bool = False) -> InitialModel:
    """Find the initial weights or model of a fine-tuning.

    Args:
        name: Weights, a run folder, a model file or a model on the Hub.
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
        if is_reference(wanted):
            raise
        raise RunError(
            f"--from {wanted}: expected a run folder, a model file, {DEFAULT!r} (the bundled model), "
            f"hf://USER/NAME, or weights: {', '.join(weights)}"
        ) from error
    if trust_plugins:
        for folder in folders_of_model(path):
            make_importable(folder)
    return _of_model(path, trust_plugins)


def _weights_of(backbone: str) -> list[str]:
    """List the weights of the backbone's plugin. Use --set model.backbone.weights= for others."""
    registry = load_plugins()
    own = registry.provider("backbone", backbone)
    return [name for name in registry.names("weights") if registry.provider("weights", name) == own]


def _of_model(path: Path, trust_plugins: bool) -> InitialModel:
    """Use the network, the tensors and the cropping of faces of an earlier model."""
    if path.is_dir():
        from ferkit.predict.model.from_run import open_run

        opened = open_run(path, trust_plugins=trust_plugins)
        opened.warn()
        path, known = opened.file, opened.description
    elif path.suffix == ".safetensors":
        known = read_description(path)
    else:
        raise RunError(f"--from {path}: only a run folder or a .safetensors file can be trained further")
    load_plugins_of_model(known.plugins, path, trust_plugins)
    return InitialModel(_sections(replace(known, model=_without_weights(path, known))), path, known.labels)


def _without_weights(file: Path, known: Description) -> Model:
    """Remove pretrained weights, which the file replaces, unless the shape of the network depends on them."""
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
        return known.model  # the check of the recipe reports the error


def _sections(known: Description) -> dict[str, Any]:
    table = known.as_table()
    model = {key: value for key, value in table["model"].items() if value is not None}
    return {
        **({"plugins": table["plugins"]} if table["plugins"] else {}),
        "detector": table["detector"],
        "faces": table["faces"],
        "model": model,
    }
