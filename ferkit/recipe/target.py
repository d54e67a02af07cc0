"""What `ferkit audit` and `ferkit data` are pointed at: a recipe, a folder, or a data set's name."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ferkit.components.discovery import load_plugins
from ferkit.components.registry import Registry
from ferkit.errors import DataError
from ferkit.recipe.load import Change, load_recipe, load_table
from ferkit.recipe.schema import Recipe
from ferkit.runtime.shipped import read_template, shipped_recipes


def load_target(
    target: str, overrides: Sequence[str] = (), change: Change | None = None
) -> tuple[Recipe, Registry, bool]:
    """(recipe, components, whether the target was a recipe).

    target: a recipe's file or shipped name, a folder with one folder for each class, a CSV list of
    images, or the name of a dataset component whose options are given as "data.root=..."; change:
    applied to the table before it is checked. Raises RecipeError or DataError.
    """
    is_file = os.path.isfile(target) and not target.lower().endswith((".csv", ".tsv"))
    if is_file or (target in shipped_recipes() and not os.path.isdir(target)):
        return *load_recipe(target, overrides, change), True
    return *load_table(target, _table(target), overrides, change), False


def without_manifest(table: dict[str, Any], registry: Registry) -> dict[str, Any]:
    """A change for what makes or is given a manifest: the recipe's own need not be there yet."""
    return {key: value for key, value in table.items() if key != "manifest"}


def _table(target: str) -> dict[str, Any]:
    """A recipe of nothing but the data."""
    known, name = load_plugins([]).names("dataset"), name_after(target)
    if os.path.isdir(target):
        return {"name": name, "data": {**read_template("folder")["data"], "root": target}}
    if os.path.isfile(target):
        return {"name": name, "data": {**read_template("list")["data"], "file": target}}
    if target in known:
        return {"name": target, "data": {"name": target}}
    raise DataError(
        f"{target!r} is no recipe, no folder, no list and no data set. Give a recipe's file, a folder with "
        f"one folder for each class, a CSV list, or one of the data sets {', '.join(known)} with its "
        "options: --set data.root=..."
    )


def name_after(folder: str | Path) -> str:
    """A recipe's name, from a folder's or file's."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", Path(folder).resolve().name).lstrip("_.-") or "images"
