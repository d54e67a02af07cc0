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
from ferkit.messages import shorten
from ferkit.recipe.overrides import put
from ferkit.recipe.schema import Recipe

MOST = 100_000
"""Candidates of a run's grid. A run may come from elsewhere."""
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
    """Return all combinations of values. The last key changes fastest."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


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
    problems = []
    for key, values in grid.items():
        where = f'grid."{key}"'
        if key.split(".")[0] not in SEARCHED:
            problems.append(
                Problem(where, f"a grid can only search {', '.join(SEARCHED)}, such as fit.optimizer.lr")
            )
        elif not isinstance(values, list) or not values:
            problems.append(Problem(where, f"expected a list of values to try, got {values!r}"))
    return problems


def recipe_of_fold(run_dir: Path, recipe: Recipe, fold: str) -> Recipe:
    """Return the recipe with the values of the grid that the fold selected, if there is a grid."""
    if not recipe.grid:
        return recipe
    number = read_choice(run_dir, fold).get("candidate")
    count = math.prod(len(values) for values in recipe.grid.values())
    if type(number) is not int or not 0 <= number < count <= MOST:
        raise RunError(
            f"Cannot read the choice of {fold} in {run_dir}: expected a candidate from 0 to {count - 1}, got "
            f"{shorten(number)}."
        )
    return candidates(recipe)[number].recipe
