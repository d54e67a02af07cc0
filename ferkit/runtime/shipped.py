"""What ferkit ships beside its code, wherever it is installed: recipes, and lists that recipes name."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

from ferkit.errors import DataError, Problem, RecipeError
from ferkit.messages import suggest

SUFFIXES = {"": ".toml", "splits": ".toml", "tables": ".toml", "manifests": ".csv"}


def find_recipe(source: str) -> Path:
    """A recipe's file: the path given, or a shipped recipe's bare name. Raises RecipeError."""
    path = Path(source)
    if os.path.isfile(path):  # which, unlike Path's, takes a folder that can't be looked into for a "no"
        return path
    shipped = shipped_recipes()
    if path.name == source and source in shipped:
        return shipped[source]
    problem = "it is a folder" if os.path.isdir(path) else "there is no such file"
    hint = f"Give a TOML file, or the name of a recipe that ferkit ships. {suggest(path.stem, shipped)}"
    raise RecipeError(source, [Problem("recipe", problem, hint)])


def find_shipped(source: str, folder: str, what: str) -> Path:
    """A file, or the bare name of one in a folder of the recipes (splits, tables, manifests).

    what: names it in the message. Raises DataError.
    """
    path = Path(source)
    if os.path.isfile(path):
        return path
    shipped = shipped_files(folder)
    if path.name == source and source in shipped:
        return shipped[source]
    raise DataError(
        f"{what} {source!r}: there is no such file. Give a file, or the name of one that ferkit ships. "
        f"{suggest(path.stem, shipped)}"
    )


def shipped_recipes() -> dict[str, Path]:
    """Name -> file: the checkout's recipes/, or those that came with the wheel."""
    return shipped_files("")


def shipped_files(folder: str) -> dict[str, Path]:
    """Name -> file in one of the recipes' folders; "" is the recipes themselves."""
    beside = Path(__file__).parents[2]  # the checkout, or what `pip install --target` was given
    schemes = [sysconfig.get_path("data"), sysconfig.get_path("data", f"{sysconfig.get_default_scheme()}")]
    installed = [Path(place, "share", "ferkit", "recipes") for place in (str(beside), *schemes)]
    for recipes in [beside / "recipes", *installed]:
        if files := sorted((recipes / folder).glob(f"*{SUFFIXES[folder]}")):
            return {file.stem: file for file in files}
    return {}
