"""From a folder to a checked recipe, its file written; nothing is trained here."""

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
from ferkit.data.samples import samples_of
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
from ferkit.runtime.shipped import read_template
from ferkit.runtime.walk import real_folders


@dataclass(frozen=True, slots=True)
class FinetuneOptions:
    """What was asked for. begin: weights, a run's folder or a model file; detector: a name, or a table of
    TOML; out: where all is to go; trust_plugins: import modules that the model in `begin` names."""

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
        return self.out or Path(f"finetune-{name_after(self.folder)}")


@dataclass(frozen=True, slots=True)
class FinetunePlan:
    """file: the recipe; run: where its run goes; told: what is known of the images, line by line."""

    recipe: Recipe
    registry: Registry
    file: Path
    told: tuple[str, ...]

    @property
    def run(self) -> Path:
        return self.file.with_name("run")

    @property
    def model(self) -> Path:
        """Named after the images, as its card is."""
        return self.file.with_name(f"{self.recipe.name}.safetensors")

    def command(self, words: str) -> str:
        return f"ferkit run {quote(self.file)}{words}"


def make_plan(wish: FinetuneOptions, progress: Progress = no_progress) -> FinetunePlan:
    """Look at the images and write the recipe.

    Raises DataError where they are no class folders or too few, RecipeError at an option that the recipe
    can't have, RunError where there is something in the place already, it lies in the folder or it can't be
    written, and where no network would be trained.
    """
    _check_places(wish)
    beginning = find_beginning(wish.begin, wish.trust_plugins)
    table = _make_table(wish, beginning)
    source = f"a recipe for {wish.folder}"
    checked, registry = load_table(source, table, wish.overrides)
    if checked.estimator:
        raise RunError(
            f"--set estimator: {checked.estimator.name!r} makes no network that could be exported. "
            "Leave it out; `ferkit run` takes a recipe with an estimator."
        )
    samples, _ = samples_of(registry, checked.data)
    if beginning.file:  # how it is begun with depends on the labels, which the data tell
        table["model"] = beginning.model_for(sorted({sample.label for sample in samples}))
        checked, registry = load_table(source, table, wish.overrides)
    look = look_at(samples, progress)
    checked = _suit(checked, table, look.samples)
    file = wish.place / "recipe.toml"
    start = _describe_start(checked, registry, beginning.labels)
    told = [*describe(look), *start, *_describe_split(checked, look.samples)]
    plan = FinetunePlan(checked, registry, file, tuple(told))
    write_text(file, write_recipe(table, plan.command("")))
    return plan


def _suit(checked: Recipe, table: dict[str, Any], samples: Sequence[Sample]) -> Recipe:
    """The recipe with what follows from how many images there are; table: changed alike.

    What was asked for stays.
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
        hint = "Give another --out."
        if recipe.exists():
            hint = f"Run the recipe in it (ferkit run {quote(recipe)}), or give another --out."
        raise RunError(f"{place} is there already, and is left as it is. {hint}")
    if any(place.resolve().is_relative_to(inside) for inside in real_folders(wish.folder)):
        raise RunError(
            f"{place} lies in {wish.folder} or in a folder linked there, so what goes there would be taken "
            "for images of a class. Give a folder elsewhere: --out"
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
        # An earlier model's output may name its classes: it is added when the data have told theirs.
        "model": {key: value for key, value in sections["model"].items() if key != "output"},
        "augment": template["augment"],
        "fit": {**({"epochs": wish.epochs} if wish.epochs else {}), **template["fit"]},
    }


def _describe_start(recipe: Recipe, registry: Registry, earlier: Sequence[str]) -> list[str]:
    """What the network and the detector begin with, and whether that is here; earlier: a model's labels."""
    if recipe.model.initial_part:
        return [
            f"the backbone starts from the network in {recipe.model.initial}; the head begins anew, for that "
            f"network tells other classes apart: {', '.join(earlier)}"
        ]
    if recipe.model.initial:
        return [f"starts from the network in {recipe.model.initial}"]
    lines = []
    for kind, part in (("backbone", recipe.model.backbone), ("detector", recipe.detector)):
        for name in weights_options(registry.get(kind, part.name), part.options).values():
            if name != "none":
                where = "in the cache" if is_present(name) else "not here yet: fetched when the run begins"
                entry = find_entry(name)
                lines.append(f"{kind} starts from the weights {name} ({where}); licence: {entry.licence}")
    return lines or ["starts from no weights of ferkit's catalogue"]


def _describe_split(recipe: Recipe, samples: Sequence[Sample]) -> list[str]:
    told = [f"protocol: {describe_protocol(recipe.protocol.model_dump())}"]
    if not any(sample.groups for sample in samples):
        told.append(
            "note: who is on which image is not known, so that one person may be trained and tested on, "
            "and the score be too high: tell it by --group-pattern"
        )
    return told
