"""The components that a recipe uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ferkit.components.option_types import nested_items, nested_kind
from ferkit.components.options import context_parameter, option_parameters
from ferkit.components.part import Part, Section
from ferkit.components.registry import Registry
from ferkit.errors import ComponentError
from ferkit.neural.augment_names import resolve_step
from ferkit.neural.options import Fit, Model, Optimizer
from ferkit.recipe.schema import Recipe

NETWORK_SECTIONS = ("model", "loss", "augment", "callback", "fit")
OPTIMIZER_KEYS = [key for key in Optimizer.model_fields if key != "name"]
"""Keys of `[fit.optimizer]` that are no options of the component."""


def uses_network(recipe: Recipe, registry: Registry) -> bool:
    """Return True if a recipe uses its [model]: it has no estimator, or the estimator takes the network.

    An optional argument `network` is used if the recipe has a section [model].
    """
    has_model = "model" in recipe.model_fields_set
    return recipe.estimator is None or _takes_network(recipe.estimator.name, registry, has_model)


def table_uses_network(table: Mapping[str, Any], registry: Registry) -> bool:
    """Return the same as `uses_network` for a recipe that is not checked yet."""
    part = table.get("estimator")
    if part is None:
        return True
    return isinstance(part, dict) and _takes_network(part.get("name"), registry, "model" in table)


def _takes_network(name: Any, registry: Registry, has_model: bool) -> bool:
    """Return True if the estimator takes the network. The checks report other problems."""
    if not isinstance(name, str):
        return False
    try:
        parameter = context_parameter(registry.get("estimator", name), "network")
    except (ComponentError, TypeError, ValueError):
        return False
    return parameter is not None and (has_model or parameter.default is parameter.empty)


def slots(table: Mapping[str, Any], registry: Registry) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (kind, key, table) of each component of a recipe, including defaults.

    Malformed tables are skipped, and so is a network that an estimator replaces.
    """
    model = table.get("model", {})
    inner = model if isinstance(model, dict) else {}
    places = [
        ("dataset", "data", table.get("data")),
        ("detector", "detector", table.get("detector", _default(Recipe, "detector"))),
        ("estimator", "estimator", table.get("estimator")),
    ]
    if table_uses_network(table, registry):
        for kind in ("backbone", "head", "output"):
            places.append((kind, f"model.{kind}", inner.get(kind, _default(Model, kind))))
        places.append(("loss", "loss", table.get("loss", _default(Recipe, "loss"))))
        places += [*_augmentation_slots(table, registry), *_training_slots(table)]
    for kind, key, part in places:
        if isinstance(part, dict) and isinstance(part.get("name"), str):
            yield kind, key, part


def _augmentation_slots(table: Mapping[str, Any], registry: Registry) -> list[tuple[str, str, Any]]:
    """Return the steps of [[augment]]. Transforms of the default provider have its name."""
    steps = table.get("augment", [])
    places = []
    for place, one in enumerate(steps if isinstance(steps, list | tuple) else []):
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            part = resolve_step(Part(**one), registry)
            places.append(("augmentation", f"augment.{place}", part.model_dump()))
    return places


def _training_slots(table: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    fit = table.get("fit", {})
    fit = fit if isinstance(fit, dict) else {}
    optimizer = fit.get("optimizer", _default(Fit, "optimizer"))
    if isinstance(optimizer, dict):
        optimizer = {"name": Optimizer().name} | {
            k: one for k, one in optimizer.items() if k not in OPTIMIZER_KEYS
        }
    callbacks = table.get("callback", [])
    callbacks = callbacks if isinstance(callbacks, list) else []
    return [
        ("optimizer", "fit.optimizer", optimizer),
        ("scheduler", "fit.schedule", fit.get("schedule", _default(Fit, "schedule"))),
        *(("callback", f"callback.{place}", one) for place, one in enumerate(callbacks)),
    ]


def _default(section: type[Section], key: str) -> Any:
    return section.model_fields[key].default.model_dump()


def datasets_in(registry: Registry, kind: str, key: str, part: Part) -> Iterator[tuple[str, Part]]:
    """Yield (key, part) of the datasets in a part and its options."""
    if kind == "dataset":
        yield key, part
    for name, parameter in option_parameters(registry.get(kind, part.name)).items():
        value, annotation = part.options.get(name), parameter.annotation
        if (inner := nested_kind(annotation)) and isinstance(value, dict):
            yield from datasets_in(registry, inner, f"{key}.{name}", Part(**value))
        elif (inner := nested_items(annotation)) and isinstance(value, list | tuple):
            for place, one in enumerate(value):
                yield from datasets_in(registry, inner, f"{key}.{name}.{place}", Part(**one))
