"""The recipes that ferkit ships, wherever it is installed."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

from ferkit.errors import Fault, RecipeError
from ferkit.registry import suggest


def find_recipe(source: str) -> Path:
    """A recipe's file: the path given, or a shipped recipe's bare name. Raises RecipeError."""
    path = Path(source)
    if os.path.isfile(path):  # which, unlike Path's, takes a folder that can't be looked into for a "no"
        return path
    shipped = shipped_recipes()
    if path.name == source and source in shipped:
        return shipped[source]
    problem = "it is a folder" if os.path.isdir(path) else "there is no such file"
    remedy = f"Give a TOML file, or the name of a recipe that ferkit ships. {suggest(path.stem, shipped)}"
    raise RecipeError(source, [Fault("recipe", problem, remedy)])


def shipped_recipes() -> dict[str, Path]:
    """Name -> file: the checkout's recipes/, or those that came with the wheel."""
    checkout = Path(__file__).parent.parent / "recipes"
    schemes = [sysconfig.get_path("data"), sysconfig.get_path("data", f"{sysconfig.get_default_scheme()}")]
    folders = [checkout, *(Path(scheme) / "share" / "ferkit" / "recipes" for scheme in schemes)]
    for folder in folders:
        if files := sorted(folder.glob("*.toml")):
            return {file.stem: file for file in files}
    return {}
