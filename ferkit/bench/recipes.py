"""Recipes prepared for a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.components.registry import Registry
from ferkit.errors import Problem, RecipeError
from ferkit.recipe.demo import cut_down
from ferkit.recipe.load import load_recipe
from ferkit.recipe.schema import Recipe

DRAWN_LABELS = 7
OTHER_IMAGES = "Set the images with --images FOLDER, or the size of generated images with --drawn-size."


def load_for_bench(
    source: str, overrides: Sequence[str], parts: Mapping[str, str | None], images: int, drawn_size: int
) -> tuple[Recipe, Registry]:
    """Load a recipe with generated faces as its data, as `--demo` does.

    Weights that are not in the cache are not fetched, because they do not change the time.

    Args:
        source: A recipe file or the name of a shipped recipe.
        overrides: KEY=VALUE settings.
        parts: Component name or inline table by key ("model.backbone"). None: that of the recipe.
        images: Number of images needed.
        drawn_size: Size of generated images, in pixels.

    Raises:
        RecipeError: The recipe has errors, or a setting changes its data.
    """
    if replaced := [one for one in overrides if one.partition("=")[0].strip().split(".")[0] == "data"]:
        problem = f"{replaced[0]} would change nothing: the recipe's data are not measured"
        raise RecipeError(source, [Problem("data", problem, OTHER_IMAGES)])
    named = [f"{key}={_as_toml(value)}" for key, value in parts.items() if value is not None]
    change = cut_down([])

    def draw(table: dict[str, Any], registry: Registry) -> dict[str, Any]:
        changed = change(table, registry)
        per_class = -(-images // DRAWN_LABELS)
        data = {**changed["data"], "per_class": per_class, "image_size": drawn_size}
        name = table.get("name")
        return {**changed, "name": name, "data": data, "fit": table.get("fit", {})}

    return load_recipe(source, [*named, *overrides], change=draw)


def _as_toml(value: str) -> str:
    return value if value.startswith("{") else f'{{ name = "{value}" }}'
