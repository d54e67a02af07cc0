"""Check a recipe's components, files and folders."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ferkit.components.build import build
from ferkit.components.options import check_options
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.components.tracebacks import describe
from ferkit.errors import ComponentError, DataError, Fault, FerkitError
from ferkit.evaluation.protocol_options import Protocol
from ferkit.neural.options import Model
from ferkit.recipe.check_cache import recall
from ferkit.recipe.grid import combinations
from ferkit.recipe.overrides import put
from ferkit.recipe.parse import VARIABLE, parse
from ferkit.recipe.parts import datasets_in, slots
from ferkit.recipe.schema import Recipe

if TYPE_CHECKING:
    from ferkit.data.split_file import Split


def check_components(table: Mapping[str, Any], registry: Registry) -> list[Fault]:
    """Every fault in the names and options of a recipe's components, and in the data's folders."""
    used = slots(table, registry)
    return [fault for kind, key, part in used for fault in _check_part(registry, kind, key, part)]


def _check_part(registry: Registry, kind: str, key: str, part: dict[str, Any]) -> list[Fault]:
    options = {name: value for name, value in part.items() if name != "name"}
    try:
        component = registry.get(kind, part["name"])
    except ComponentError as error:
        return [Fault(f"{key}.name", str(error))]
    found = check_options(component, options, registry, key)
    datasets = [] if found else datasets_in(registry, kind, key, Part(**part))
    return [*found, *(fault for where, one in datasets for fault in check_dataset(registry, one, where))]


def check_dataset(registry: Registry, part: Part, key: str) -> list[Fault]:
    """Data sets are cheap to build: what their constructor refuses and their folders lack is found here."""
    try:
        return [Fault(key, fault) for fault in build(registry, "dataset", part).faults()]
    except (FerkitError, OSError) as error:
        return [Fault(key, str(error))]
    except Exception as error:
        component = registry.get("dataset", part.name)
        problem = f"{component} failed to look for its data: {describe(error, component.target)}"
        return [Fault(key, problem, component.remedy)]


DEFAULT_SIDE: int = Model().image_size


TRIED = ("model", "loss", "estimator", "plugins")
"""Keys of what a trial of the network is made of: where one of them has a fault already, there is none."""


def is_known(table: dict[str, Any], registry: Registry) -> bool:
    """Whether the recipe is remembered as faultless, and its data's folders, looked at now, are so still."""
    datasets = recall(table, registry)
    return datasets is not None and not any(check_dataset(registry, part, key) for key, part in datasets)


def datasets(table: dict[str, Any], registry: Registry) -> Iterator[tuple[str, Part]]:
    """(key, part) of every data set of the recipe, and of the recipes that its grid stands for."""
    for kind, key, part in all_slots(table, registry):
        yield from datasets_in(registry, kind, key, part)


def all_slots(table: dict[str, Any], registry: Registry) -> Iterator[tuple[str, str, Part]]:
    tables = [table]
    for settings in combinations(table.get("grid") or {}):
        changed = copy.deepcopy(table)
        for key, value in settings.items():
            put(changed, key, value)
        tables.append(changed)
    for one in tables:
        for kind, key, part in slots(one, registry):
            yield kind, key, Part(**part)


def validate(table: dict[str, Any], registry: Registry) -> tuple[Recipe | None, list[Fault]]:
    """The recipe, if the schema takes it, and what is wrong with it: schema, components, network."""
    recipe, faults = parse(table)
    faults += check_components(table, registry)
    if isinstance(augment := table.get("augment"), list) and augment:
        from ferkit.neural.augment import check_transforms

        faults += check_transforms(augment, recipe.model.image_size if recipe else DEFAULT_SIDE)
    if recipe and not any(fault.where.startswith(TRIED) for fault in faults):
        from ferkit.recipe.dry_run import try_network

        faults += try_network(recipe, registry)
    return recipe, faults


def check_candidates(table: dict[str, Any], grid: Mapping[str, Any], registry: Registry) -> list[Fault]:
    """What is wrong with any of the recipes that the grid stands for."""
    faults: list[Fault] = []
    for settings in combinations(grid):
        changed = copy.deepcopy({key: value for key, value in table.items() if key != "grid"})
        words = ", ".join(f"{key} = {value}" for key, value in settings.items())
        try:
            for key, value in settings.items():
                put(changed, key, value)
        except ValueError as error:
            return [Fault("grid", f"{words}: {error}")]
        _, found = validate(changed, registry)
        faults += [Fault(f"{fault.where} (grid: {words})", fault.problem, fault.remedy) for fault in found]
    return faults


def check_files(recipe: Recipe) -> list[Fault]:
    """The lists and the network that a recipe names."""
    faults = []
    if recipe.model.initial and not recipe.model.initial.is_file():
        remedy = "Give the model.safetensors of a run (in its folder cells/), or leave model.initial out."
        faults.append(Fault("model.initial", f"there is no file {recipe.model.initial}", remedy))
    if recipe.model.initial_part and not recipe.model.initial:
        problem = "it says what is taken from model.initial, which is not given"
        faults.append(Fault("model.initial_part", problem, "Give model.initial, or leave this out."))
    if split := getattr(recipe.protocol, "split", None):
        from ferkit.data.split_file import read_split

        try:
            faults += _check_split(recipe.protocol, read_split(split))
        except DataError as error:
            faults.append(Fault("protocol.split", str(error)))
    if recipe.manifest:
        from ferkit.data.manifest import read_manifest

        try:
            read_manifest(recipe.manifest.file)
        except DataError as error:
            faults.append(Fault("manifest.file", str(error)))
    return faults


def _check_split(protocol: Protocol, split: Split) -> list[Fault]:
    """Where a recipe says other things than its list of folds, which would be passed over in silence."""
    said = {"folds": getattr(protocol, "folds", None), "by": getattr(protocol, "by", None)}
    listed = {"folds": len(split.folds), "by": split.by}
    return [
        Fault(
            f"protocol.{key}",
            f"is {said[key]!r}, but the split {split.source} has {listed[key]!r}",
            f"Take {listed[key]!r}, or another split.",
        )
        for key in said
        if said[key] not in (None, listed[key])
    ]


def comes_of_a_variable(fault: Fault) -> bool:
    """Whether a variable that is not set, which is told already, is all that it is about; what goes on to say
    how to get the data is told as well."""
    has_unset = not set(VARIABLE.findall(fault.problem)) <= os.environ.keys()
    return has_unset and "\n" not in fault.problem
