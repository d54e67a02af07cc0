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

MOST = 10_000
"""Combinations of a grid. Each is a training."""
SEARCHED = ("model", "loss", "augment", "fit", "estimator")
"""Sections that a candidate may change. The images of the comparison stay the same."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A combination of values of the grid.

    Attributes:
        settings: Key to value.
        recipe: The recipe with these values.
    """

    settings: Mapping[str, Any]
    recipe: Recipe


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
        table = recipe.model_dump(mode="json", exclude_none=True)
        for key, value in settings.items():
            put(table, key, value)
        del table["grid"]
        found.append(Candidate(settings, Recipe.model_validate_json(json.dumps(table))))
    return found


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
    """Return the recipe with the values of the grid that the fold selected, if there is a grid."""
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
