"""Bundled recipes and their lists: files of the package ferkit_recipes (recipes/)."""

from __future__ import annotations

import os
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from ferkit.errors import DataError, Problem, RecipeError
from ferkit.messages import suggest

SUFFIXES = {
    "": ".toml",
    "measured": ".toml",
    "beyond": ".toml",
    "splits": ".toml",
    "tables": ".toml",
    "manifests": ".csv",
    "templates": ".toml",
}
RECIPES = ("", "measured", "beyond")
"""Folders with recipes. The name of a recipe is that of its file, in any of them."""

MODELS = Path(__file__).parents[1] / "models"
"""Folder of the bundled models. The name of a model is that of its file, without .safetensors."""


def find_recipe(source: str) -> Path:
    """Return the file of a recipe, from a path or the name of a bundled recipe. Raises RecipeError."""
    path = Path(source)
    if os.path.isfile(path):  # Path.is_file raises an error if a folder is not accessible
        return path
    if found := bundled_recipe(source):
        return found
    problem = "it is a folder" if os.path.isdir(path) else "there is no such file"
    hint = f"Give a TOML file, or the name of a bundled recipe. {suggest(path.stem, shipped_recipes())}"
    raise RecipeError(source, [Problem("recipe", problem, hint)])


def find_shipped(source: str, folder: str, what: str) -> Path:
    """Return a file, from a path or the name of a bundled file.

    Args:
        source: Path or name.
        folder: Folder of the recipes: splits, tables or manifests.
        what: Kind of the file, for the message.

    Raises:
        DataError: There is no such file.
    """
    path = Path(source)
    if os.path.isfile(path):
        return path
    shipped = shipped_files(folder)
    if path.name == source and source in shipped:
        return shipped[source]
    raise DataError(
        f"{what} {source!r}: there is no such file. Give a file, or the name of a bundled {what}. "
        f"{suggest(path.stem, shipped)}"
    )


def bundled_model(name: str) -> Path | None:
    """Return the file of a bundled model, or None. A file or folder with this name comes first."""
    file = MODELS / f"{name}.safetensors"
    return file if os.path.basename(name) == name and file.is_file() and not os.path.exists(name) else None


def shipped_recipes() -> dict[str, Path]:
    """Map the names of the bundled recipes to files."""
    return {name: file for folder in RECIPES for name, file in shipped_files(folder).items()}


def bundled_recipe(name: str) -> Path | None:
    """Return the file of a bundled recipe, or None. NAME and measured/NAME are the same recipe."""
    folder, _, stem = name.rpartition("/")
    return shipped_files(folder).get(stem) if folder in RECIPES and folder else shipped_recipes().get(name)


def shipped_files(folder: str) -> dict[str, Path]:
    """Map names to files in a folder of the recipes (see SUFFIXES). "" is the folder itself."""
    place = Path(str(resources.files("ferkit_recipes"))) / folder
    return {file.stem: file for file in sorted(place.glob(f"*{SUFFIXES[folder]}"))}


def read_template(name: str) -> dict[str, Any]:
    """Read a recipe template, which a command fills. It names components of plugins."""
    return tomllib.loads(shipped_files("templates")[name].read_text(encoding="utf-8"))
