"""TOML to a recipe, and back."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from ferkit.components.discovery import load_plugins, load_plugins_of_model, make_importable
from ferkit.components.registry import Registry
from ferkit.errors import Problem
from ferkit.recipe.grid import SEARCHED, grid_problems
from ferkit.recipe.parts import NETWORK_SECTIONS, uses_network
from ferkit.recipe.schema import Recipe
from ferkit.recipe.schema_errors import translate
from ferkit.recipe.search_options import search_problems

VARIABLE = re.compile(r"\$\{(\w+)\}")


REQUIRED = {"name": "recipe", "data": {"name": "none"}}
"""Stand-ins for the keys of a recipe that have no default."""
ROUNDS = 4
"""Number of attempts. Removing a key can make its table incomplete."""


def parse(table: Mapping[str, Any]) -> tuple[Recipe | None, list[Problem]]:
    """Return the recipe of the keys that fit the schema, if any, and all problems of schema and grid.

    pydantic reports a problem between keys only if the keys themselves have none. So the keys with problems
    are removed, and the others are parsed again.
    """
    rest: dict[str, Any] = copy.deepcopy(dict(table))
    of_grid, problems = grid_problems(table.get("grid")), list[Problem]()
    of_grid += search_problems(table, SEARCHED)
    for _ in range(ROUNDS):
        try:
            return Recipe.model_validate_json(json.dumps(rest, default=str)), [*of_grid, *problems]
        except ValidationError as error:
            found = translate(error)
        known = [problem.where for problem in problems]
        problems += [problem for problem in found if not touches(problem.where, known)]
        for problem in found:
            _drop(rest, problem.where.split("."))
        rest = {**REQUIRED, **rest}
    return None, [*of_grid, *problems]


def touches(key: str, others: Iterable[str]) -> bool:
    """Return True if one of the other keys is this key, inside it or around it."""
    return any(f"{other}.".startswith(f"{key}.") or key.startswith(f"{other}.") for other in others)


def _drop(table: dict[str, Any], way: Sequence[str]) -> None:
    """Remove a key. If it is missing, or inside a list, remove the table or list that should have it."""
    place, last = table, way[0]
    for step in way[1:]:
        inner = place.get(last)
        if not isinstance(inner, dict) or step not in inner:
            break
        place, last = inner, step
    place.pop(last, None)


def dump_recipe(recipe: Recipe, registry: Registry) -> str:
    """Write the resolved recipe as TOML that loads to the same recipe."""
    return tomli_w.dumps(resolve(recipe, registry))


def resolve(recipe: Recipe, registry: Registry) -> dict[str, Any]:
    """Fill in all defaults; without the sections of a network if the estimator uses none."""
    table: dict[str, Any] = _without_none(recipe.model_dump(mode="json"))
    if not uses_network(recipe, registry):
        table = {key: value for key, value in table.items() if key not in NETWORK_SECTIONS}
    return table


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, list) else value


def expand_variables(value: Any, problems: list[Problem], where: str = "") -> Any:
    """Replace `${NAME}` in every string from the environment.

    An unset or empty variable is a problem and stays: a path that starts with an empty one is another path.
    """
    if isinstance(value, dict):
        return {k: expand_variables(one, problems, f"{where}.{k}".lstrip(".")) for k, one in value.items()}
    if isinstance(value, list):
        return [expand_variables(one, problems, f"{where}.{i}") for i, one in enumerate(value)]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if not (text := os.environ.get(name)):
            reason = "is not set" if text is None else "is empty"
            hint = f"Set it: export {name}=...; or give the value: --set {where}=..."
            problems.append(Problem(where, f"the environment variable {name} {reason}", hint))
        return text or match[0]

    return VARIABLE.sub(replace, value)


def modules_of(table: Mapping[str, Any]) -> list[str]:
    """List the modules in the key `plugins`."""
    modules = table.get("plugins", [])
    return [module for module in modules if isinstance(module, str)] if isinstance(modules, list) else []


def load_plugins_of(table: Mapping[str, Any], folders: Iterable[Path] = ()) -> Registry:
    """Load the installed plugins and the modules that a recipe of the user names.

    If it names some, modules in the recipe's folder become importable for the rest of the process, after
    installed ones. The working directory is not searched.

    Args:
        table: The recipe.
        folders: Folders of the recipe and of those that it extends, if they are files.
    """
    modules = modules_of(table)
    for folder in folders if modules else ():
        make_importable(folder)
    return load_plugins(modules)


def load_plugins_of_run(table: Mapping[str, Any], run_dir: Path, is_trusted: bool = False) -> Registry:
    """Load the plugins that the recipe of a run folder names. The run may come from elsewhere.

    Raises:
        ComponentError: A module is not provided by an installed plugin, and the run is not trusted.
    """
    return load_plugins_of_model(modules_of(table), run_dir, is_trusted)
