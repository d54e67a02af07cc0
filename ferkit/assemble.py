"""Names and options -> objects; and every fault in them, before anything is built."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ferkit.agreement import check_left_out, check_samples
from ferkit.annotations import convert, describe_type, describe_value, nested_items, nested_kind
from ferkit.errors import ComponentError, Fault, FerkitError
from ferkit.interfaces import Sample
from ferkit.options import CONTEXT, check_options, check_value, names_context, option_parameters
from ferkit.raised import describe
from ferkit.recipe import Model, Part, Recipe, Section
from ferkit.registry import Registry

NETWORK_SECTIONS = ("model", "loss", "augment", "fit")


def uses_network(table: Mapping[str, Any], registry: Registry) -> bool:
    """Whether a recipe's [model] and what belongs to it are used: unless an estimator takes their place."""
    part = table.get("estimator")
    if part is None:
        return True
    try:
        return names_context(registry.get("estimator", part["name"]), "network")
    except (ComponentError, KeyError, TypeError, ValueError):
        return False  # what is wrong with it is told elsewhere


def slots(table: Mapping[str, Any], registry: Registry) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(kind, key, table) of each component that a recipe uses, named or by default.

    Malformed ones are left out, and so is the network where an estimator takes its place.
    """
    model = table.get("model", {})
    inner = model if isinstance(model, dict) else {}
    places = [
        ("dataset", "data", table.get("data")),
        ("detector", "detector", table.get("detector", _default(Recipe, "detector"))),
        ("estimator", "estimator", table.get("estimator")),
    ]
    if uses_network(table, registry):
        for kind in ("backbone", "head", "output"):
            places.append((kind, f"model.{kind}", inner.get(kind, _default(Model, kind))))
        places.append(("loss", "loss", table.get("loss", _default(Recipe, "loss"))))
    for kind, key, part in places:
        if isinstance(part, dict) and isinstance(part.get("name"), str):
            yield kind, key, part


def _default(section: type[Section], key: str) -> Any:
    return section.model_fields[key].default.model_dump()


def check_components(table: Mapping[str, Any], registry: Registry) -> list[Fault]:
    """Every fault in the names and options of a recipe's components, and in the data's folders."""
    used = slots(table, registry)
    return [fault for kind, key, part in used for fault in _check_part(registry, kind, key, part)]


def _check_part(registry: Registry, kind: str, key: str, part: dict[str, Any]) -> list[Fault]:
    options = {name: value for name, value in part.items() if name != "name"}
    try:
        component = registry.get(kind, part["name"])
    except ComponentError as error:
        return [Fault(f"{key}.name", str(error))]
    found = check_options(component, options, registry, key)
    datasets = [] if found else datasets_in(registry, kind, key, Part(**part))
    return [*found, *(fault for where, one in datasets for fault in check_dataset(registry, one, where))]


def datasets_in(registry: Registry, kind: str, key: str, part: Part) -> Iterator[tuple[str, Part]]:
    """(key, part) of the data sets that a part is or has as options."""
    if kind == "dataset":
        yield key, part
    for name, parameter in option_parameters(registry.get(kind, part.name)).items():
        value, annotation = part.options.get(name), parameter.annotation
        if (inner := nested_kind(annotation)) and isinstance(value, dict):
            yield from datasets_in(registry, inner, f"{key}.{name}", Part(**value))
        elif (inner := nested_items(annotation)) and isinstance(value, list | tuple):
            for place, one in enumerate(value):
                yield from datasets_in(registry, inner, f"{key}.{name}.{place}", Part(**one))


def check_dataset(registry: Registry, part: Part, key: str) -> list[Fault]:
    """Data sets are cheap to build: what their constructor refuses and their folders lack is found here."""
    try:
        return [Fault(key, fault) for fault in build(registry, "dataset", part).faults()]
    except (FerkitError, OSError) as error:
        return [Fault(key, str(error))]
    except Exception as error:
        component = registry.get("dataset", part.name)
        problem = f"{component} failed to look for its data: {describe(error, component.target)}"
        return [Fault(key, problem, component.remedy)]


def samples_of(registry: Registry, part: Part) -> tuple[Sequence[Sample], dict[str, int]]:
    """A data set's photographs, and what it left out: reason -> how many.

    Raises DataError, and ComponentError where it gives other things.
    """
    dataset, who = build(registry, "dataset", part), registry.get("dataset", part.name)
    samples = check_samples(dataset.samples(), who)
    return samples, check_left_out(dataset, who)


def build(registry: Registry, kind: str, part: Part, **context: Any) -> Any:
    """The component, built from its options and whatever of the context its constructor names.

    Raises ComponentError with the component's name and provider where that fails; a FerkitError of the
    constructor's own goes through.
    """
    component = registry.get(kind, part.name)
    target = component.load()
    parameters = option_parameters(component)
    arguments = {
        name: _option(registry, parameters[name], value, context) if name in parameters else value
        for name, value in part.options.items()
    }
    given = set(CONTEXT.get(kind, ())) & set(inspect.signature(target).parameters)
    arguments |= {name: value for name, value in context.items() if name in given}
    try:
        return target(**arguments)
    except FerkitError:
        raise
    except Exception as error:
        if isinstance(error, ValueError):
            detail = str(error)  # of the options, which whoever wrote the recipe can mend
        else:
            detail = f"{describe(error, component.target)}. {component.remedy}"
        raise ComponentError(f"{component} can't be built with its options: {detail}") from error


def on_device(registry: Registry, kind: str, part: Part, device: str) -> Part:
    """The part with its option `device` set, where it has one and none was given."""
    return _unless_given(registry, kind, part, "device", device)


def on_runtime(registry: Registry, kind: str, part: Part, runtime: str) -> Part:
    """The part with its option `runtime` set, where it has one that takes this word and none was given."""
    return _unless_given(registry, kind, part, "runtime", runtime)


def _unless_given(registry: Registry, kind: str, part: Part, option: str, value: str) -> Part:
    parameter = option_parameters(registry.get(kind, part.name)).get(option)
    if parameter is None or check_value(parameter.annotation, value, registry, option):
        return part
    return Part(name=part.name, **{option: value, **part.options})


def _option(registry: Registry, parameter: inspect.Parameter, value: Any, context: Mapping[str, Any]) -> Any:
    annotation = parameter.annotation
    if (kind := nested_kind(annotation)) and isinstance(value, dict):
        return build(registry, kind, Part(**value), **context)
    if (kind := nested_items(annotation)) and isinstance(value, list | tuple):
        return tuple(build(registry, kind, Part(**one), **context) for one in value)
    try:
        return convert(annotation, value)
    except ValueError as error:
        expected, came = describe_type(annotation), describe_value(value)
        raise ComponentError(f"option {parameter.name!r}: expected {expected}, got {came}") from error
