"""Plan a fine-tuning: examine a folder, and write a checked recipe. Nothing is trained here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferkit.audit.read import Progress, no_progress
from ferkit.components.options import weights_options
from ferkit.components.registry import Registry
from ferkit.components.weights.catalogue import find_entry, is_present
from ferkit.data.samples import describe_left_out, samples_of
from ferkit.errors import DataError, RunError
from ferkit.evaluation.protocol_text import describe_protocol
from ferkit.experiment.finetune.images import (
    describe,
    look_at,
    parse_protocol,
    pick_length,
    pick_protocol,
)
from ferkit.experiment.finetune.recipe_file import write_recipe
from ferkit.experiment.finetune.start_from import InitialModel, find_beginning
from ferkit.interfaces import Sample
from ferkit.messages import quote
from ferkit.predict.face_finder import read_part
from ferkit.recipe.load import load_table
from ferkit.recipe.schema import Recipe
from ferkit.recipe.target import name_after
from ferkit.runtime.atomic_write import write_text
from ferkit.runtime.hub_reference import describe_file
from ferkit.runtime.shipped import read_template
from ferkit.runtime.walk import real_folders


@dataclass(frozen=True, slots=True)
class FinetuneOptions:
    """Options of `ferkit finetune`.

    Attributes:
        folder: The class folders.
        begin: Weights, a run folder or a model file to start from.
        epochs: Number of epochs; None chooses by the number of images.
        group_pattern: Option of the dataset `image_folder`.
        detector: A name, or a TOML table.
        overrides: KEY=VALUE for the recipe.
        out: The folder for recipe, run and model.
        trust_plugins: Import modules that the model in `begin` names.
    """

    folder: Path
    begin: str | None = None
    epochs: int | None = None
    group_pattern: str | None = None
    detector: str | None = None
    overrides: tuple[str, ...] = ()
    out: Path | None = None
    trust_plugins: bool = False

    @property
    def place(self) -> Path:
        """Folder of the recipe and its run."""
        return self.out or Path(f"finetune-{name_after(self.folder)}")


@dataclass(frozen=True, slots=True)
class FinetunePlan:
    """A checked recipe for fine-tuning.

    Attributes:
        recipe: The recipe.
        registry: The installed components.
        file: File of the recipe.
        told: Lines that describe the images, the initial model and the protocol.
    """

    recipe: Recipe
    registry: Registry
    file: Path
    told: tuple[str, ...]

    @property
    def run(self) -> Path:
        """Run folder."""
        return self.file.with_name("run")

    @property
    def model(self) -> Path:
        """Model file, named after the images."""
        return self.file.with_name(f"{self.recipe.name}.safetensors")

    def command(self, words: str) -> str:
        """Return the command that runs the recipe, followed by `words`."""
        return f"ferkit run {quote(self.file)}{words}"


def make_plan(wish: FinetuneOptions, progress: Progress = no_progress) -> FinetunePlan:
    """Examine the images and write the recipe.

    Raises:
        DataError: There are no class folders, or too few images.
        RecipeError: An override is invalid.
        RunError: The output folder is not empty, is inside the folder of images, or cannot be written. Also
            if the overrides select an estimator without a network.
    """
    _check_places(wish)
    beginning = find_beginning(wish.begin, wish.trust_plugins)
    table = _make_table(wish, beginning)
    source = f"a recipe for {wish.folder}"
    checked, registry = load_table(source, table, wish.overrides)
    if checked.estimator:
        raise RunError(
            f"--set estimator: {checked.estimator.name!r} has no network that could be exported. "
            "Remove it, or use `ferkit run` for a recipe with an estimator."
        )
    samples, left_out = samples_of(registry, checked.data)
    if beginning.file:  # its use depends on the labels of the data
        table["model"] = beginning.model_for(sorted({sample.label for sample in samples}))
        checked, registry = load_table(source, table, wish.overrides)
    look = look_at(samples, progress)
    checked = _suit(checked, table, look.samples)
    file = wish.place / "recipe.toml"
    start = _describe_start(checked, registry, beginning.labels)
    dropped = describe_left_out(left_out, len(samples))
    lines = [*describe(look), *dropped, *start, *_describe_split(checked, look.samples)]
    plan = FinetunePlan(checked, registry, file, tuple(lines))
    write_text(file, write_recipe(table, plan.command("")))
    return plan


def _suit(checked: Recipe, table: dict[str, Any], samples: Sequence[Sample]) -> Recipe:
    """Set the length of the training and the protocol by the number of images, unless they are set already.

    `table` is changed in place.
    """
    length = {name: value for name, value in pick_length(len(samples)).items() if name not in table["fit"]}
    table["fit"] |= length
    changes: dict[str, Any] = {"fit": checked.fit.model_copy(update=length)}
    if "protocol" not in table:
        is_grouped = bool(checked.data.options.get("group_pattern"))
        table["protocol"] = pick_protocol(samples, is_grouped)
        changes["protocol"] = parse_protocol(table["protocol"])
    return checked.model_copy(update=changes)


def _check_places(wish: FinetuneOptions) -> None:
    if not wish.folder.is_dir():
        what = "is a file" if wish.folder.exists() else "does not exist"
        raise DataError(
            f"{wish.folder} {what}. Expected a folder with one folder for each class: "
            f"{wish.folder.name}/happy/*.jpg, {wish.folder.name}/sad/*.jpg"
        )
    place = wish.place
    if place.exists() and (not place.is_dir() or os.listdir(place)):
        recipe = place / "recipe.toml"
        hint = "Use another --out."
        if recipe.exists():
            hint = f"Run its recipe (ferkit run {quote(recipe)}), or use another --out."
        raise RunError(f"{place} exists already and was not changed. {hint}")
    if any(place.resolve().is_relative_to(inside) for inside in real_folders(wish.folder)):
        raise RunError(
            f"{place} is inside {wish.folder} or a folder linked there. Its files would become images of a "
            "class. Use another folder: --out"
        )


def _make_table(wish: FinetuneOptions, beginning: InitialModel) -> dict[str, Any]:
    template = read_template("finetune")
    data: dict[str, Any] = {**template["data"], "root": str(wish.folder)}
    if wish.group_pattern:
        data["group_pattern"] = wish.group_pattern
    sections = beginning.sections
    detector = sections.get("detector", template["detector"])
    if wish.detector:
        detector = read_part(wish.detector).model_dump()
    return {
        "name": name_after(wish.folder),
        "description": f"Fine-tuned on the folder {wish.folder.resolve().name}",
        **({"plugins": sections["plugins"]} if "plugins" in sections else {}),
        "data": data,
        "detector": detector,
        "faces": {**sections.get("faces", {}), **template["faces"]},
        # The output of an earlier model may name its classes. It is added when the labels are known.
        "model": {key: value for key, value in sections["model"].items() if key != "output"},
        "augment": template["augment"],
        "fit": {**({"epochs": wish.epochs} if wish.epochs else {}), **template["fit"]},
    }


def _describe_start(recipe: Recipe, registry: Registry, earlier: Sequence[str]) -> list[str]:
    """Describe the initial weights of network and detector. `earlier` are the labels of an earlier model."""
    initial = describe_file(recipe.model.initial) if recipe.model.initial else ""
    if recipe.model.initial_part:
        return [
            f"backbone: initialised from {initial}; the head is new, because that network has "
            f"other labels: {', '.join(earlier)}"
        ]
    if initial:
        return [f"network: initialised from {initial}"]
    lines = []
    for kind, part in (("backbone", recipe.model.backbone), ("detector", recipe.detector)):
        for name in weights_options(registry.get(kind, part.name), part.options).values():
            if name != "none":
                where = "in the cache" if is_present(name) else "not here yet, the run downloads them"
                entry = find_entry(name)
                lines.append(f"{kind}: weights {name} ({where}); licence: {entry.licence}")
    return lines or ["no weights of ferkit's catalogue"]


def _describe_split(recipe: Recipe, samples: Sequence[Sample]) -> list[str]:
    lines = [f"protocol: {describe_protocol(recipe.protocol.model_dump())}"]
    if not any(sample.groups for sample in samples):
        lines.append(
            "note: the persons in the images are unknown. The same person may be in training and test "
            "images, and the score may be too high. Set --group-pattern to avoid this."
        )
    return lines
