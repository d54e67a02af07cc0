"""Recipes that extend recipes: the key `extends`."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferkit.errors import Problem, RecipeError
from ferkit.messages import describe_value, suggest
from ferkit.recipe.bounds import check_bounds
from ferkit.recipe.schema import Recipe
from ferkit.runtime.shipped import bundled_recipe, find_recipe, shipped_recipes

KEY = "extends"
DEEPEST = 8
"""Recipes in a chain."""
OWN = ("name", "description")
"""Keys that a recipe does not take over from the one that it extends."""


def read_table(source: str) -> dict[str, Any]:
    """Read a recipe, by file or name, merged with the recipes that it extends.

    Raises:
        RecipeError: A file is not readable TOML, or the recipes that it extends are missing or circular.
    """
    merged: dict[str, Any] = {}
    chain = read_chain(source)
    for file, table in chain if len(chain) > 1 else ():
        if too_large := check_bounds(table):
            raise RecipeError(str(file), too_large)
    for _, table in reversed(chain):
        kept = {key: value for key, value in merged.items() if key not in OWN}
        merged = _merge(kept, {key: value for key, value in table.items() if key != KEY}, _DEFAULTS)
    return merged


def read_chain(source: str) -> list[tuple[Path, dict[str, Any]]]:
    """Return (file, table) of a recipe, of the one that it extends, and so on. Raises RecipeError."""
    file = find_recipe(source)
    chain = [(file, _read(source, file))]
    while KEY in chain[-1][1]:
        file, table = chain[-1]
        base = _find_base(source, file, table[KEY])
        names = " -> ".join(str(one) for one in [*(file for file, _ in chain), base])
        if any(os.path.samefile(base, one) for one, _ in chain):
            hint = f"Remove the key in {file}."
            raise RecipeError(source, [Problem(KEY, f"expected no circle, got {names}", hint)])
        if len(chain) == DEEPEST:
            problem = f"expected at most {DEEPEST} recipes in a chain, got {names}"
            raise RecipeError(source, [Problem(KEY, problem, "Extend an earlier recipe of the chain.")])
        chain.append((base, _read(source, base, file)))
    return chain


def _find_base(source: str, file: Path, name: Any) -> Path:
    """Return the file that a recipe extends: a path relative to its folder, or a bundled recipe."""
    if not isinstance(name, str) or not name:
        problem = f"expected a file or the name of a bundled recipe, got {describe_value(name)} in {file}"
        raise RecipeError(source, [Problem(KEY, problem)])
    path = file.parent / os.path.expanduser(name)
    if os.path.isfile(path):
        return path
    if found := bundled_recipe(name):
        return found
    problem = f"{file} extends {name!r}, but there is no file {path}, and no bundled recipe has this name"
    near = suggest(name, shipped_recipes())
    hint = f"Give a path relative to {file.parent}, or the name of a bundled recipe. {near}"
    raise RecipeError(source, [Problem(KEY, problem, hint)])


def _read(source: str, file: Path, child: Path | None = None) -> dict[str, Any]:
    """Read a file. child: the recipe that extends it, for messages."""
    where, what = (KEY, f"{file}, which {child} extends, ") if child else ("recipe", "")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(source, [Problem(where, f"{what}can't be read: {error}")]) from error
    except ValueError as error:  # tomllib.TOMLDecodeError, or an integer of thousands of digits
        raise RecipeError(source, [Problem(where, f"{what}is no valid TOML: {error}")]) from error
    except RecursionError as error:
        raise RecipeError(source, [Problem(where, f"{what}is nested too deep to be read")]) from error


def _merge(base: Mapping[str, Any], table: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Merge tables key by key. Other values are replaced, and so are components with another name.

    Args:
        base: Table of the extended recipe.
        table: Table of the recipe.
        defaults: Default of this table, for the names of components that `base` does not state.
    """
    merged = dict(base)
    for key, value in table.items():
        known, default = base.get(key), defaults.get(key)
        default = default if isinstance(default, dict) else {}
        if isinstance(value, dict) and isinstance(known, dict) and _is_same(known, value, default):
            merged[key] = _merge(known, value, default)
        else:
            merged[key] = value
    return merged


def _is_same(base: Mapping[str, Any], table: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
    """Return True unless the tables name two components."""
    return "name" not in table or table["name"] == base.get("name", defaults.get("name"))


_DEFAULTS = Recipe.model_validate({"name": "recipe", "data": {"name": "none"}}).model_dump(mode="json")
