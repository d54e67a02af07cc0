"""The target of `ferkit audit` and `ferkit data`: a recipe, folder, list or dataset."""

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
from ferkit.runtime.shipped import bundled_recipe, read_template


def load_target(
    target: str, overrides: Sequence[str] = (), change: Change | None = None
) -> tuple[Recipe, Registry, bool]:
    """Load a recipe, or build one from a dataset.

    Args:
        target: File of a recipe, name of a bundled recipe, folder with one folder for each class, CSV list of
            images, or name of a dataset component with options as overrides, such as "data.root=...".
        overrides: "section.key=value".
        change: Applied to the table before it is checked.

    Returns:
        (recipe, components, True if the target is a recipe).

    Raises:
        RecipeError: The recipe is invalid.
        DataError: There is no such target.
    """
    is_file = os.path.isfile(target) and not target.lower().endswith((".csv", ".tsv"))
    if is_file or (bundled_recipe(target) and not os.path.isdir(target)):
        return *load_recipe(target, overrides, change), True
    return *load_table(target, _table(target), overrides, change), False


def without_manifest(table: dict[str, Any], registry: Registry) -> dict[str, Any]:
    """Remove the manifest from a recipe, for commands that create one or take one."""
    return {key: value for key, value in table.items() if key != "manifest"}


def _table(target: str) -> dict[str, Any]:
    """Return a recipe with only the data."""
    known, name = load_plugins([]).names("dataset"), name_after(target)
    if os.path.isdir(target):
        return {"name": name, "data": {**read_template("folder")["data"], "root": target}}
    if os.path.isfile(target):
        return {"name": name, "data": {**read_template("list")["data"], "file": target}}
    if target in known:
        return {"name": target, "data": {"name": target}}
    raise DataError(
        f"{target!r} is no recipe, no folder, no list and no dataset. Use the file of a recipe, a folder "
        f"with one folder for each class, a CSV list, or one of the datasets {', '.join(known)} with its "
        "options: --set data.root=..."
    )


def name_after(folder: str | Path) -> str:
    """Return a name for a recipe from the name of a folder or file."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", Path(folder).resolve().name).lstrip("_.-") or "images"
