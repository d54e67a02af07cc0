"""A recipe as it is measured: on any images, without pretrained weights, with other parts if asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.components.registry import Registry
from ferkit.errors import Problem, RecipeError
from ferkit.recipe.demo import cut_down
from ferkit.recipe.load import load_recipe
from ferkit.recipe.schema import Recipe

DRAWN_LABELS = 7
OTHER_IMAGES = "Name the images with --images FOLDER, or the size of drawn ones with --drawn-size."


def load_for_bench(
    source: str,
    overrides: Sequence[str],
    parts: Mapping[str, str | None],
    images: int,
    drawn_size: int,
) -> tuple[Recipe, Registry]:
    """The recipe with drawn faces for its data, as `--demo` does, and what takes the place of its parts.

    parts: a recipe's key ("model.backbone") -> a component's name or an inline table, or None to leave it.
    What a network computes takes the same time whatever its weights, so those that are not in the cache are
    not fetched. Raises RecipeError.
    """
    if replaced := [one for one in overrides if one.partition("=")[0].strip().split(".")[0] == "data"]:
        problem = f"{replaced[0]} would change nothing: the data of the recipe are not what is measured"
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
