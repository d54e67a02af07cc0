"""Recipes that ferkit ships, and the lists that they name: files of the package ferkit_recipes (recipes/)."""

from __future__ import annotations

import os
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from ferkit.errors import DataError, Problem, RecipeError
from ferkit.messages import suggest

SUFFIXES = {"": ".toml", "splits": ".toml", "tables": ".toml", "manifests": ".csv", "templates": ".toml"}


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
    """Name -> file of each recipe that ferkit ships."""
    return shipped_files("")


def shipped_files(folder: str) -> dict[str, Path]:
    """Name -> file in one folder of the recipes (SUFFIXES); "" for the recipes."""
    place = Path(str(resources.files("ferkit_recipes"))) / folder
    return {file.stem: file for file in sorted(place.glob(f"*{SUFFIXES[folder]}"))}


def read_template(name: str) -> dict[str, Any]:
    """A part of a recipe, with the names of plugins' components, that a command fills."""
    return tomllib.loads(shipped_files("templates")[name].read_text(encoding="utf-8"))
