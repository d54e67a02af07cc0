"""Find the pretrained weights that recipes need."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ferkit.components.weights.catalogue import find_entry
from ferkit.errors import RecipeError, WeightsError
from ferkit.messages import suggest
from ferkit.runtime.hub_reference import is_reference
from ferkit.runtime.shipped import bundled_model


@dataclass(frozen=True, slots=True)
class Needed:
    """The weights that recipes need.

    Attributes:
        names: Names in the catalogue.
        others: A sentence for each file that is not in the catalogue.
    """

    names: tuple[str, ...]
    others: tuple[str, ...] = ()


def find_needed(given: Sequence[str]) -> Needed:
    """Find the weights of several recipes. Their data is not needed.

    Args:
        given: Names of weights, files of recipes, or names of bundled recipes.

    Raises:
        WeightsError: There are no weights and no recipe of that name.
        RecipeError: A recipe is invalid.
        ComponentError: A component cannot be loaded.
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
        raise WeightsError(f"there are no weights and no recipe called {given!r}. {hint}") from error
    return needed_by(given)


def needed_by(recipe: str) -> Needed:
    """Find the weights that a recipe names, also in its grid. Raises the errors of `find_needed`."""
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
                f"{key} ({component}) uses pretrained weights outside ferkit's catalogue. The bundle does "
                "not contain them. Run the recipe once with a network connection, and copy the folder in "
                "HF_HOME"
            ] = None
    model = table.get("model")
    if isinstance(model, dict) and (initial := model.get("initial")) and not bundled_model(str(initial)):
        where = "on the Hub" if is_reference(initial) else "your own file"
        copied = "the folder in HF_HOME" if is_reference(initial) else "it"
        others[f"model.initial, {initial}, is {where} and not in the bundle. Copy {copied} too"] = None
    return Needed(tuple(names), tuple(others))
