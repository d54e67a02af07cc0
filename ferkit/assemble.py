"""Names and options -> objects; and every fault in them, before anything is built."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from ferkit.errors import ComponentError, Fault, FerkitError
from ferkit.options import CONTEXT, check_options, convert, nested_kind, option_parameters
from ferkit.recipe import Part
from ferkit.registry import Registry


def slots(table: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(kind, key, table) of each component that a recipe's table names; malformed ones are left out."""
    model = table.get("model")
    inner = model if isinstance(model, dict) else {}
    places = [
        ("dataset", "data", table.get("data")),
        ("detector", "detector", table.get("detector")),
        ("backbone", "model.backbone", inner.get("backbone")),
        ("head", "model.head", inner.get("head")),
        ("output", "model.output", inner.get("output")),
        ("loss", "loss", table.get("loss")),
        ("estimator", "estimator", table.get("estimator")),
    ]
    for kind, key, part in places:
        if isinstance(part, dict) and isinstance(part.get("name"), str):
            yield kind, key, part


def check_components(table: Mapping[str, Any], registry: Registry) -> list[Fault]:
    """Every fault in the names and options of a recipe's components, and in the data's folders."""
    faults = []
    for kind, key, part in slots(table):
        options = {name: value for name, value in part.items() if name != "name"}
        try:
            component = registry.get(kind, part["name"])
        except ComponentError as error:
            faults.append(Fault(f"{key}.name", str(error)))
            continue
        found = check_options(component, options, registry, key)
        if kind == "dataset" and not found:
            found = _check_dataset(registry, Part(**part), key)
        faults += found
    return faults


def _check_dataset(registry: Registry, part: Part, key: str) -> list[Fault]:
    try:
        return [Fault(key, fault) for fault in build(registry, "dataset", part).faults()]
    except FerkitError as error:
        return [Fault(key, str(error))]


def build(registry: Registry, kind: str, part: Part, **context: Any) -> Any:
    """The component, built from its options and whatever of the context its constructor names.

    Raises ComponentError with the component's name and provider where that fails, and lets FerkitError through.
    """
    component = registry.get(kind, part.name)
    target = component.load()
    parameters = option_parameters(component)
    arguments = {
        name: _option(registry, parameters[name].annotation, value, context)
        if name in parameters
        else value
        for name, value in part.options.items()
    }
    wanted = {name for name in CONTEXT.get(kind, ()) if name in _names(target)}
    arguments |= {name: value for name, value in context.items() if name in wanted}
    try:
        return target(**arguments)
    except FerkitError:
        raise
    except Exception as error:
        detail = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        provider = registry.provider(kind, part.name)
        raise ComponentError(
            f"{kind} {part.name!r} of {provider} can't be built with its options: {detail}"
        ) from error


def _option(registry: Registry, annotation: Any, value: Any, context: Mapping[str, Any]) -> Any:
    if (kind := nested_kind(annotation)) and isinstance(value, dict):
        return build(registry, kind, Part(**value), **context)
    try:
        return convert(annotation, value)
    except ValidationError as error:
        raise ComponentError(f"{value!r} does not fit {annotation}: {error}") from error


def _names(target: Any) -> set[str]:


    return set(inspect.signature(target).parameters)
