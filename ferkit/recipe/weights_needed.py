"""What a recipe needs that may have to be fetched."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ferkit.components.weights.catalogue import find_entry
from ferkit.errors import RecipeError, WeightsError
from ferkit.messages import suggest


@dataclass(frozen=True, slots=True)
class Needed:
    """names: of the catalogue; others: a sentence for each thing that is none of the catalogue's."""

    names: tuple[str, ...]
    others: tuple[str, ...] = ()


def find_needed(given: Sequence[str]) -> Needed:
    """given: names of weights, recipes' files, or names of recipes that ship.

    The recipes' data need not be here. Raises WeightsError at what is neither, RecipeError, ComponentError.
    """
    names: dict[str, None] = {}
    others: dict[str, None] = {}
    for one in given:
        found = _look_up(one)
        names |= dict.fromkeys(found.names)
        others |= dict.fromkeys(found.others)
    return Needed(tuple(names), tuple(others))


def _look_up(given: str) -> Needed:
    from ferkit.components.weights.catalogue import catalogue
    from ferkit.runtime.shipped import find_recipe, shipped_recipes

    known = [entry.name for entry in catalogue()]
    if given in known:
        return Needed((given,))
    try:
        find_recipe(given)
    except RecipeError as error:
        if os.path.splitext(given)[1] == ".toml" or os.path.isdir(given):
            raise
        hint = suggest(given, [*known, *shipped_recipes()])
        raise WeightsError(f"{given!r} is the name of no weights and no recipe. {hint}") from error
    return needed_by(given)


def needed_by(recipe: str) -> Needed:
    """What a recipe's components name, in its grid too. Raises RecipeError, ComponentError, WeightsError."""
    from ferkit.components.options import option_parameters, weights_options
    from ferkit.recipe.load import read_parts

    table, registry, parts = read_parts(recipe)
    names: dict[str, None] = {}
    others: dict[str, None] = {}
    for kind, key, part in parts:
        component = registry.get(kind, part.name)
        named = weights_options(component, part.options).values()
        names |= dict.fromkeys(find_entry(name).name for name in named if name != "none")
        pretrained = option_parameters(component).get("pretrained")
        if pretrained and part.options.get("pretrained", pretrained.default) is True:
            others[
                f"{key} ({component}) takes pretrained weights that are not of ferkit's catalogue, so they "
                "are not in the bundle: run the recipe once where there is a network, and take along the "
                "folder that HF_HOME names"
            ] = None
    model = table.get("model")
    if isinstance(model, dict) and (initial := model.get("initial")):
        others[f"model.initial, {initial}, is a file of your own and not in the bundle: take it along"] = None
    return Needed(tuple(names), tuple(others))
