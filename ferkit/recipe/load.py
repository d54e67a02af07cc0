"""TOML -> Recipe, with every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ferkit.components.part import Part
from ferkit.components.provider import is_named
from ferkit.components.registry import Registry
from ferkit.errors import Problem, RecipeError
from ferkit.messages import quote
from ferkit.recipe.bounds import check_bounds
from ferkit.recipe.check import (
    all_slots,
    check_candidates,
    check_files,
    comes_of_a_variable,
    validate,
)
from ferkit.recipe.overrides import apply_overrides
from ferkit.recipe.parse import expand_variables, load_plugins_of, read_table
from ferkit.recipe.schema import Recipe

Change = Callable[[dict[str, Any], Registry], dict[str, Any]]


def load_recipe(
    source: str, overrides: Sequence[str] = (), change: Change | None = None
) -> tuple[Recipe, Registry]:
    """A recipe ready to run, and the components that it names.

    source: a file, or a shipped recipe's name; overrides: "section.key=value"; change: applied to the table
    before it is checked. Reads no image and fetches nothing. Raises RecipeError with all the problems.
    """
    return load_table(source, read_table(source), overrides, change)


def load_table(
    source: str, table: dict[str, Any], overrides: Sequence[str] = (), change: Change | None = None
) -> tuple[Recipe, Registry]:
    """The same from a table; source: what messages call it."""
    problems = apply_overrides(table, overrides)
    registry = load_plugins_of(table)
    if change:
        table = change(table, registry)
    if too_large := check_bounds(table):
        raise RecipeError(source, too_large)
    table = expand_variables(table, problems)
    recipe, found = validate(table, registry)
    problems += found
    problems += [
        Problem("plugins", f"{broken.provider}: {broken.problem}", broken.hint)
        for broken in registry.broken
        if is_named(broken.provider)
    ]
    if recipe:
        problems += check_files(recipe)
    problems = [problem for problem in problems if not comes_of_a_variable(problem)]
    if recipe and recipe.grid and not problems:
        problems += check_candidates(table, recipe.grid, registry)
    if problems or recipe is None:
        raise RecipeError(source, problems)
    return recipe, registry


def read_parts(source: str) -> tuple[dict[str, Any], Registry, list[tuple[str, str, Part]]]:
    """A recipe's table, the components that there are, and (kind, key, part) of each that it uses, the values
    of its grid included.

    Nothing is checked and nothing need be there, such as its data. Raises RecipeError where it can't be read.
    """
    table = read_table(source)
    registry = load_plugins_of(table)
    try:
        return table, registry, list(all_slots(table, registry))
    except (TypeError, ValueError, AttributeError) as error:
        hint = f"ferkit check {quote(source)} tells what is wrong with it."
        raise RecipeError(source, [Problem("recipe", "its parts can't be read", hint)]) from error
