"""What `ferkit audit` and `ferkit data` are pointed at: a recipe, a folder, or a data set's name."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ferkit.discovery import load_plugins
from ferkit.errors import DataError
from ferkit.loading import load_recipe, load_table
from ferkit.recipe import Recipe
from ferkit.registry import Registry
from ferkit.shipped import shipped_recipes


def load_target(target: str, overrides: Sequence[str] = ()) -> tuple[Recipe, Registry, bool]:
    """(recipe, components, whether the target was a recipe).

    target: a recipe's file or shipped name, a folder with one folder for each class, or the name of a dataset
    component whose options are given as "data.root=...". Raises RecipeError or DataError.
    """
    if os.path.isfile(target) or (target in shipped_recipes() and not os.path.isdir(target)):
        return *load_recipe(target, overrides), True
    return *load_table(target, _table(target), overrides), False


def _table(target: str) -> dict[str, Any]:
    """A recipe of nothing but the data."""
    known = load_plugins([]).names("dataset")
    if os.path.isdir(target):
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", Path(target).resolve().name).lstrip("_.-") or "photographs"
        return {"name": name, "data": {"name": "image_folder", "root": target}}
    if target in known:
        return {"name": target, "data": {"name": target}}
    raise DataError(
        f"{target!r} is no recipe, no folder and no data set. Give a recipe's file, a folder with one folder "
        f"for each class, or one of the data sets {', '.join(known)} with its options: --set data.root=..."
    )
