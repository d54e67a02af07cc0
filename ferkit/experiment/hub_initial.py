"""The initial model of a recipe on the Hugging Face Hub: `initial = "hf://USER/NAME@REVISION"`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ferkit.components.registry import Registry
from ferkit.errors import RunError
from ferkit.predict.hub.download import download_model, find_downloaded
from ferkit.recipe.parse import expand_variables
from ferkit.runtime.hub_reference import HubReference, describe_file, is_reference, read_reference

KEY = "model.initial"
Find = Callable[[HubReference], Path | None]


def download_initial(table: dict[str, Any], registry: Registry) -> dict[str, Any]:
    """Download the initial model, and name its commit. A change of `load_recipe` for runs.

    Raises:
        RunError: As for `download_model`.
    """
    return _pin(table, download_model)


def find_initial(table: dict[str, Any], registry: Registry) -> dict[str, Any]:
    """Name the commit of the initial model in the cache, if it is there. A change for `ferkit check`."""
    return _pin(table, find_downloaded)


def _pin(table: dict[str, Any], find: Find) -> dict[str, Any]:
    """Replace references by those with a commit. Malformed values stay: the checks report them."""
    changed = dict(table)
    if isinstance(model := table.get("model"), dict) and "initial" in model:
        changed["model"] = {**model, "initial": _pinned(model["initial"], find)}
    if isinstance(grid := table.get("grid"), dict) and isinstance(values := grid.get(KEY), list):
        changed["grid"] = {**grid, KEY: [_pinned(value, find) for value in values]}
    return changed


def _pinned(value: object, find: Find) -> object:
    text = expand_variables(value, [])
    if not is_reference(text):
        return value
    try:
        reference = read_reference(text)
    except RunError:
        return value
    path = find(reference)
    return describe_file(path) if path else value
