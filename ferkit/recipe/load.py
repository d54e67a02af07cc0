"""Load a recipe from TOML, and report all problems at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.errors import Problem, RecipeError
from ferkit.messages import quote
from ferkit.recipe.bounds import check_bounds
from ferkit.recipe.check import (
    all_slots,
    blame_plugins,
    check_candidates,
    comes_of_a_variable,
    validate,
)
from ferkit.recipe.extends import read_chain, read_table
from ferkit.recipe.overrides import apply_overrides
from ferkit.recipe.parse import expand_variables, load_plugins_of
from ferkit.recipe.schema import Recipe

Change = Callable[[dict[str, Any], Registry], dict[str, Any]]
LoadPlugins = Callable[[Mapping[str, Any]], Registry]


def load_recipe(
    source: str, overrides: Sequence[str] = (), change: Change | None = None
) -> tuple[Recipe, Registry]:
    """Load and check a recipe, without reading images or downloading files.

    Args:
        source: A file, or the name of a bundled recipe.
        overrides: "section.key=value".
        change: Applied to the table before it is checked.

    Returns:
        The recipe, and the installed components.

    Raises:
        RecipeError: The recipe has problems. The error lists all of them.
    """
    return load_table(source, read_table(source), overrides, change, _plugins_next_to(source))


def _plugins_next_to(source: str) -> LoadPlugins:
    """Plugins of the user may be in the folder of the recipe, or of one that it extends."""
    folders = [Path(os.path.abspath(file)).parent for file, _ in read_chain(source)]
    return partial(load_plugins_of, folders=list(dict.fromkeys(folders)))


def load_table(
    source: str,
    table: dict[str, Any],
    overrides: Sequence[str] = (),
    change: Change | None = None,
    plugins: LoadPlugins = load_plugins_of,
) -> tuple[Recipe, Registry]:
    """The same from a table; source: what messages call it; plugins: loads those that the table names."""
    problems = apply_overrides(table, overrides)
    registry = plugins(table)
    if change:
        table = change(table, registry)
    if too_large := check_bounds(table):
        raise RecipeError(source, too_large)
    table = expand_variables(table, problems)
    recipe, found = validate(table, registry)
    found += check_candidates(table, registry, found)
    problems += blame_plugins(found, registry)
    problems = [problem for problem in problems if not comes_of_a_variable(problem)]
    if problems or recipe is None:
        raise RecipeError(source, problems)
    return recipe, registry


def read_protocols(source: str, overrides: Sequence[str] = ()) -> str | None:
    """Return the words of a recipe's `protocols`, joined by commas. None without them or with a problem."""
    try:
        table = read_table(source)
    except RecipeError:
        return None
    apply_overrides(table, overrides)
    words = table.get("protocols")
    is_valid = isinstance(words, list) and all(isinstance(word, str) for word in words)
    return ",".join(words) if is_valid and words else None


def read_parts(source: str) -> tuple[dict[str, Any], Registry, list[tuple[str, str, Part]]]:
    """Read a recipe without checks. Its data and weights need not exist.

    Returns:
        (table, installed components, (kind, key, part) of each component that it uses, also in its grid).

    Raises:
        RecipeError: The file or its components cannot be read.
    """
    table = read_table(source)
    registry = _plugins_next_to(source)(table)
    try:
        return table, registry, list(all_slots(table, registry))
    except (TypeError, ValueError, AttributeError) as error:
        hint = f"ferkit check {quote(source)} lists its problems."
        raise RecipeError(source, [Problem("recipe", "its parts can't be read", hint)]) from error
