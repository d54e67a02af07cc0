"""TOML -> Recipe, with every fault at once."""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tomli_w
from pydantic import ValidationError

from ferkit.assemble import (
    NETWORK_SECTIONS,
    check_components,
    check_dataset,
    datasets_in,
    slots,
    uses_network,
)
from ferkit.checked import recall, remember
from ferkit.discovery import load_plugins
from ferkit.errors import DataError, Fault, RecipeError
from ferkit.grid import combinations, grid_faults
from ferkit.overrides import apply_overrides, put
from ferkit.provider import is_named
from ferkit.recipe import Model, Part, Protocol, Recipe
from ferkit.registry import Registry
from ferkit.schema_faults import translate
from ferkit.shipped import find_recipe

if TYPE_CHECKING:
    from ferkit.data.split_file import Split

DEFAULT_SIDE: int = Model().image_size
TRIED = ("model", "loss", "estimator", "plugins")
"""Keys of what a trial of the network is made of: where one of them has a fault already, there is none."""
VARIABLE = re.compile(r"\$\{(\w+)\}")
Change = Callable[[dict[str, Any], Registry], dict[str, Any]]


def load_recipe(
    source: str, overrides: Sequence[str] = (), change: Change | None = None
) -> tuple[Recipe, Registry]:
    """A recipe ready to run, and the components that it names.

    source: a file, or a shipped recipe's name; overrides: "section.key=value"; change: applied to the table
    before it is checked. Reads no photograph and fetches nothing. Raises RecipeError with all the faults.
    """
    return load_table(source, read_table(source), overrides, change)


def load_table(
    source: str, table: dict[str, Any], overrides: Sequence[str] = (), change: Change | None = None
) -> tuple[Recipe, Registry]:
    """The same from a table; source: what messages call it."""
    faults = apply_overrides(table, overrides)
    registry = load_plugins(modules_of(table))
    if change:
        table = change(table, registry)
    table = expand_variables(table, faults)
    is_known = not faults and _is_known(table, registry)
    recipe, found = _parse(table) if is_known else _validate(table, registry)
    faults += found
    faults += [
        Fault("plugins", f"{broken.provider}: {broken.problem}", broken.remedy)
        for broken in registry.broken
        if is_named(broken.provider)
    ]
    if recipe:
        faults += _check_files(recipe)
    faults = [fault for fault in faults if not _comes_of_a_variable(fault)]
    if recipe and recipe.grid and not faults and not is_known:
        faults += _check_candidates(table, recipe.grid, registry)
    if faults or recipe is None:
        raise RecipeError(source, faults)
    if not is_known:
        remember(table, registry, list(_datasets(table, registry)))
    return recipe, registry


def _is_known(table: dict[str, Any], registry: Registry) -> bool:
    """Whether the recipe is remembered as faultless, and its data's folders, looked at now, are so still."""
    datasets = recall(table, registry)
    return datasets is not None and not any(check_dataset(registry, part, key) for key, part in datasets)


def _datasets(table: dict[str, Any], registry: Registry) -> Iterator[tuple[str, Part]]:
    """(key, part) of every data set of the recipe, and of the recipes that its grid stands for."""
    for kind, key, part in _all_slots(table, registry):
        yield from datasets_in(registry, kind, key, part)


def _all_slots(table: dict[str, Any], registry: Registry) -> Iterator[tuple[str, str, Part]]:
    tables = [table]
    for settings in combinations(table.get("grid") or {}):
        changed = copy.deepcopy(table)
        for key, value in settings.items():
            put(changed, key, value)
        tables.append(changed)
    for one in tables:
        for kind, key, part in slots(one, registry):
            yield kind, key, Part(**part)


def read_parts(source: str) -> tuple[dict[str, Any], Registry, list[tuple[str, str, Part]]]:
    """A recipe's table, the components that there are, and (kind, key, part) of each that it uses, the values
    of its grid included.

    Nothing is checked and nothing need be there, such as its data. Raises RecipeError where it can't be read.
    """
    table = read_table(source)
    registry = load_plugins(modules_of(table))
    try:
        return table, registry, list(_all_slots(table, registry))
    except (TypeError, ValueError, AttributeError) as error:
        remedy = f"ferkit check {shlex.quote(source)} tells what is wrong with it."
        raise RecipeError(source, [Fault("recipe", "its parts can't be read", remedy)]) from error


def _parse(table: dict[str, Any]) -> tuple[Recipe | None, list[Fault]]:
    """The recipe, if the schema takes it, and what the schema finds wrong."""
    faults = grid_faults(table.get("grid"))
    try:
        return Recipe.model_validate_json(json.dumps(table, default=str)), faults
    except ValidationError as error:
        return None, [*faults, *translate(error)]


def _validate(table: dict[str, Any], registry: Registry) -> tuple[Recipe | None, list[Fault]]:
    """The recipe, if the schema takes it, and what is wrong with it: schema, components, network."""
    recipe, faults = _parse(table)
    faults += check_components(table, registry)
    if isinstance(augment := table.get("augment"), list) and augment:
        from ferkit.augment import check_transforms

        faults += check_transforms(augment, recipe.model.image_size if recipe else DEFAULT_SIDE)
    if recipe and not any(fault.where.startswith(TRIED) for fault in faults):
        from ferkit.trial import try_network

        faults += try_network(recipe, registry)
    return recipe, faults


def _check_candidates(table: dict[str, Any], grid: Mapping[str, Any], registry: Registry) -> list[Fault]:
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
        _, found = _validate(changed, registry)
        faults += [Fault(f"{fault.where} (grid: {words})", fault.problem, fault.remedy) for fault in found]
    return faults


def _check_files(recipe: Recipe) -> list[Fault]:
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


def read_table(source: str) -> dict[str, Any]:
    """The file as a table. Raises RecipeError where it can't be read or is no TOML."""
    path = find_recipe(source)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(source, [Fault("recipe", f"can't be read: {error}")]) from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(source, [Fault("recipe", f"is no valid TOML: {error}")]) from error


def dump_recipe(recipe: Recipe, registry: Registry) -> str:
    """The recipe as resolved, as TOML that loads to the same recipe."""
    return tomli_w.dumps(resolve(recipe, registry))


def resolve(recipe: Recipe, registry: Registry) -> dict[str, Any]:
    """The recipe with all that was left out, but for a network that its estimator does without."""
    table: dict[str, Any] = _without_none(recipe.model_dump(mode="json"))
    if not uses_network(table, registry):
        table = {key: value for key, value in table.items() if key not in NETWORK_SECTIONS}
    return table


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, list) else value


def expand_variables(value: Any, faults: list[Fault], where: str = "") -> Any:
    """`${NAME}` in every string, from the environment; one that is not set is a fault and stays."""
    if isinstance(value, dict):
        return {k: expand_variables(one, faults, f"{where}.{k}".lstrip(".")) for k, one in value.items()}
    if isinstance(value, list):
        return [expand_variables(one, faults, f"{where}.{i}") for i, one in enumerate(value)]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            remedy = f"Set it: export {name}=...; or give the value: --set {where}=..."
            faults.append(Fault(where, f"the environment variable {name} is not set", remedy))
        return os.environ.get(name, match[0])

    return VARIABLE.sub(replace, value)


def _comes_of_a_variable(fault: Fault) -> bool:
    """Whether a variable that is not set, which is told already, is all that it is about; what goes on to say
    how to get the data is told as well."""
    has_unset = not set(VARIABLE.findall(fault.problem)) <= os.environ.keys()
    return has_unset and "\n" not in fault.problem


def modules_of(table: Mapping[str, Any]) -> list[str]:
    """The modules that a table names, importable from where ferkit is run as well."""
    modules = table.get("plugins", [])
    if not isinstance(modules, list):
        return []
    if modules and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return [module for module in modules if isinstance(module, str)]
