"""TOML -> Recipe, with every fault at once."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Any

from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.components.provider import is_named
from ferkit.components.registry import Registry
from ferkit.errors import Fault, RecipeError
from ferkit.recipe.check import (
    all_slots,
    check_candidates,
    check_files,
    comes_of_a_variable,
    datasets,
    is_known,
    validate,
)
from ferkit.recipe.check_cache import remember
from ferkit.recipe.overrides import apply_overrides
from ferkit.recipe.parse import expand_variables, modules_of, parse, read_table
from ferkit.recipe.schema import Recipe

Change = Callable[[dict[str, Any], Registry], dict[str, Any]]


def load_recipe(
    source: str, overrides: Sequence[str] = (), change: Change | None = None
) -> tuple[Recipe, Registry]:
    """A recipe ready to run, and the components that it names.

    source: a file, or a shipped recipe's name; overrides: "section.key=value"; change: applied to the table
    before it is checked. Reads no photograph and fetches nothing. Raises RecipeError with all the faults.
    """
    return load_table(source, read_table(source), overrides, change)


def load_table(
    source: str, table: dict[str, Any], overrides: Sequence[str] = (), change: Change | None = None
) -> tuple[Recipe, Registry]:
    """The same from a table; source: what messages call it."""
    faults = apply_overrides(table, overrides)
    registry = load_plugins(modules_of(table))
    if change:
        table = change(table, registry)
    table = expand_variables(table, faults)
    was_checked = not faults and is_known(table, registry)
    recipe, found = parse(table) if was_checked else validate(table, registry)
    faults += found
    faults += [
        Fault("plugins", f"{broken.provider}: {broken.problem}", broken.remedy)
        for broken in registry.broken
        if is_named(broken.provider)
    ]
    if recipe:
        faults += check_files(recipe)
    faults = [fault for fault in faults if not comes_of_a_variable(fault)]
    if recipe and recipe.grid and not faults and not was_checked:
        faults += check_candidates(table, recipe.grid, registry)
    if faults or recipe is None:
        raise RecipeError(source, faults)
    if not was_checked:
        remember(table, registry, list(datasets(table, registry)))
    return recipe, registry


def read_parts(source: str) -> tuple[dict[str, Any], Registry, list[tuple[str, str, Part]]]:
    """A recipe's table, the components that there are, and (kind, key, part) of each that it uses, the values
    of its grid included.

    Nothing is checked and nothing need be there, such as its data. Raises RecipeError where it can't be read.
    """
    table = read_table(source)
    registry = load_plugins(modules_of(table))
    try:
        return table, registry, list(all_slots(table, registry))
    except (TypeError, ValueError, AttributeError) as error:
        remedy = f"ferkit check {shlex.quote(source)} tells what is wrong with it."
        raise RecipeError(source, [Fault("recipe", "its parts can't be read", remedy)]) from error
