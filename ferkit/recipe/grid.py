"""The candidate recipes of a `[grid]`."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferkit.errors import Problem, RunError
from ferkit.evaluation.run_files import read_choice
from ferkit.messages import list_some, shorten
from ferkit.recipe.overrides import put
from ferkit.recipe.schema import Recipe
from ferkit.recipe.search_options import search_extremes

MOST = 10_000
"""Combinations of a grid. Each is a training."""
SEARCHED = ("model", "loss", "augment", "callback", "fit", "estimator")
"""Sections that a candidate may change. The images of the comparison stay the same."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A combination of values of the grid.

    Attributes:
        settings: Key to value.
        recipe: The recipe with these values.
        is_trial: A search proposed the values.
    """

    settings: Mapping[str, Any]
    recipe: Recipe
    is_trial: bool = False


def combinations(grid: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all combinations of values. The last key changes fastest.

    Raises:
        RunError: There are more than `MOST`.
    """
    if (count := count_combinations(grid)) > MOST:
        raise RunError(f"Cannot search [grid]: {too_many(grid, count)}.")
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def count_combinations(grid: Mapping[str, Any]) -> int:
    """Return the number of combinations, without building them."""
    return math.prod(len(values) for values in grid.values())


def too_many(grid: Mapping[str, Any], count: int) -> str:
    """Word the problem of a grid that is too large."""
    sizes = list_some([f"{key}: {len(values)}" for key, values in grid.items()])
    return f"expected at most {MOST:,} combinations, got {count:,} ({sizes})"


def candidates(recipe: Recipe) -> list[Candidate]:
    """Return the candidates of a recipe, or none if it has no grid."""
    if not recipe.grid:
        return []
    found = []
    for settings in combinations(recipe.grid):
        found.append(with_settings(recipe, settings))
    return found


def with_settings(recipe: Recipe, settings: Mapping[str, Any]) -> Candidate:
    """Return the recipe with these values, without its grid and search."""
    table = recipe.model_dump(mode="json", exclude_none=True)
    for key, value in settings.items():
        put(table, key, value)
    table = {key: one for key, one in table.items() if key not in ("grid", "search")}
    return Candidate(settings, Recipe.model_validate_json(json.dumps(table)), recipe.search is not None)


def variants(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the settings of a recipe to check: the grid's candidates, or the extremes of the search."""
    if grid := table.get("grid"):
        return combinations(grid)
    return search_extremes(table.get("search"))


def grid_problems(grid: Any) -> list[Problem]:
    """Return the problems of the grid itself, without those of its candidates."""
    if not isinstance(grid, dict):
        return []  # the schema reports it
    problems: list[Problem] = []
    for key, values in grid.items():
        where = f'grid."{key}"'
        if key.split(".")[0] not in SEARCHED:
            problems.append(
                Problem(where, f"a grid can only search {', '.join(SEARCHED)}, such as fit.optimizer.lr")
            )
        elif not isinstance(values, list) or not values:
            problems.append(Problem(where, f"expected a list of values to try, got {shorten(values)}"))
    if not problems and (count := count_combinations(grid)) > MOST:
        hint = "Try fewer values of a key, or search in several recipes."
        problems.append(Problem("grid", too_many(grid, count), hint))
    return problems


def recipe_of_fold(run_dir: Path, recipe: Recipe, fold: str) -> Recipe:
    """Return the recipe with the values of grid or search that the fold selected, if there are any."""
    if recipe.search:
        return _searched(run_dir, recipe, fold)
    if not recipe.grid:
        return recipe
    number = read_choice(run_dir, fold).get("candidate")
    count = count_combinations(recipe.grid)
    if type(number) is not int or not 0 <= number < count <= MOST:
        raise RunError(
            f"Cannot read the choice of {fold} in {run_dir}: expected a candidate from 0 to {count - 1}, got "
            f"{shorten(number)}."
        )
    return candidates(recipe)[number].recipe


def _searched(run_dir: Path, recipe: Recipe, fold: str) -> Recipe:
    """Return the recipe with the settings that a search selected. The run may come from elsewhere."""
    assert recipe.search
    settings = read_choice(run_dir, fold).get("settings")
    if not isinstance(settings, dict) or set(settings) != set(recipe.search.space):
        raise RunError(
            f"Cannot read the choice of {fold} in {run_dir}: expected settings for "
            f"{', '.join(recipe.search.space)}, got {shorten(settings)}."
        )
    try:
        return with_settings(recipe, settings).recipe
    except ValueError as error:
        raise RunError(f"Cannot read the choice of {fold} in {run_dir}: {error}") from error
