"""TOML -> Recipe, with every fault at once."""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tomli_w
from pydantic import ValidationError

from ferkit.annotations import describe_value
from ferkit.assemble import check_components
from ferkit.discovery import load_plugins
from ferkit.errors import Fault, RecipeError
from ferkit.recipe import Model, Recipe
from ferkit.registry import Registry
from ferkit.schema_faults import translate
from ferkit.shipped import find_recipe

DEFAULT_SIDE: int = Model().image_size
TRIED = ("model", "loss", "plugins")
"""Keys of what a trial of the network is made of: where one of them has a fault already, there is none."""
Change = Callable[[dict[str, Any], Registry], dict[str, Any]]


def load_recipe(
    source: str, overrides: Sequence[str] = (), change: Change | None = None
) -> tuple[Recipe, Registry]:
    """A recipe ready to run, and the components that it names.

    source: a file, or a shipped recipe's name; overrides: "section.key=value"; change: applied to the table
    before it is checked. Reads no photograph and fetches nothing. Raises RecipeError with all the faults.
    """
    table = read_table(source)
    faults = apply_overrides(table, overrides)
    registry = load_plugins(_named_modules(table))
    if change:
        table = change(table, registry)
    table = expand_variables(table, faults)
    recipe = None
    try:
        recipe = Recipe.model_validate_json(json.dumps(table, default=str))
    except ValidationError as error:
        faults += translate(error)
    faults += [
        Fault("plugins", f"{broken.provider}: {broken.problem}", broken.remedy)
        for broken in registry.broken
        if broken.provider.endswith("(named by the recipe)")
    ]
    faults += check_components(table, registry)
    if isinstance(augment := table.get("augment"), list) and augment:
        from ferkit.augment import check_transforms

        faults += check_transforms(augment, recipe.model.image_size if recipe else DEFAULT_SIDE)
    if recipe and not any(fault.where.startswith(TRIED) for fault in faults):
        from ferkit.trial import try_network

        faults += try_network(recipe, registry)
    if faults or recipe is None:
        raise RecipeError(source, faults)
    return recipe, registry


def read_table(source: str) -> dict[str, Any]:
    """The file as a table. Raises RecipeError where it can't be read or is no TOML."""
    path = find_recipe(source)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(source, [Fault("recipe", f"can't be read: {error}")]) from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(source, [Fault("recipe", f"is no valid TOML: {error}")]) from error


def dump_recipe(recipe: Recipe) -> str:
    """The recipe as resolved, as TOML that loads to the same recipe."""
    return tomli_w.dumps(_without_none(recipe.model_dump(mode="json")))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, list) else value


def apply_overrides(table: dict[str, Any], overrides: Sequence[str]) -> list[Fault]:
    """Set each "section.key=value" in the table; what can't be set is a fault."""
    return [fault for override in overrides if (fault := _apply(table, override))]


def _apply(table: dict[str, Any], override: str) -> Fault | None:
    key, equals, text = override.partition("=")
    where = f"--set {override}"
    if not equals or not all(key.strip().split(".")):
        return Fault(where, "expected KEY=VALUE, with a key such as fit.epochs")
    *way, last = key.strip().split(".")
    place: Any = table
    try:
        for step in way:
            place = place.setdefault(step, {}) if isinstance(place, dict) else place[_position(place, step)]
        place[last if isinstance(place, dict) else _position(place, last)] = _parse(text.strip())
    except ValueError as error:
        return Fault(where, str(error))
    return None


def _position(place: Any, step: str) -> int:
    if not isinstance(place, list):
        raise ValueError(f"there is no table to look for {step!r} in, but {describe_value(place)}")
    if not step.isdecimal() or int(step) >= len(place):
        raise ValueError(f"{step!r} is no position in a list of {len(place)}, counted from 0")
    return int(step)


def _parse(text: str) -> Any:
    """A value as TOML writes it; what is no TOML is a string, so that names need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


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

    return re.sub(r"\$\{(\w+)\}", replace, value)


def _named_modules(table: Mapping[str, Any]) -> list[str]:
    """Modules of the recipe's own, importable from where ferkit is run as well."""
    modules = table.get("plugins", [])
    if not isinstance(modules, list):
        return []
    if modules and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return [module for module in modules if isinstance(module, str)]
