"""The signature of a constructor as the schema of the options."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import PydanticSchemaGenerationError

from ferkit.components.component import Component
from ferkit.components.option_types import (
    convert,
    describe_nested,
    describe_type,
    literals,
    nested_items,
    nested_kind,
)
from ferkit.components.registry import Registry, UnknownComponent
from ferkit.errors import ComponentError, Problem
from ferkit.interfaces import WeightsName
from ferkit.messages import describe_value, find_closest, suggest

CONTEXT: Mapping[str, tuple[str, ...]] = {
    "head": ("in_channels", "num_classes", "labels"),
    "output": ("labels", "num_classes", "class_counts"),
    "loss": ("num_classes", "labels", "class_counts"),
    "augmentation": ("side",),
    "optimizer": ("params", "lr", "weight_decay"),
    "scheduler": ("optimizer", "epochs", "steps_per_epoch"),
    "callback": ("labels", "num_classes"),
    "estimator": ("labels", "seed", "crop", "state_file", "network", "open_model"),
}
"""Kind to the arguments from ferkit, for constructors that name them. Recipes cannot set these."""


def option_parameters(component: Component) -> dict[str, inspect.Parameter]:
    """Return the parameters of the constructor that a recipe can set. Raises ComponentError."""
    target = component.load()
    try:
        parameters = inspect.signature(target, eval_str=True).parameters
    except (TypeError, ValueError, NameError) as error:
        raise ComponentError(
            f"{component.kind} {component.name!r}: its options can't be read from {component.target}: {error}"
        ) from error
    context = CONTEXT.get(component.kind, ())
    return {name: parameter for name, parameter in parameters.items() if name not in context}


def check_options(
    component: Component,
    options: Mapping[str, Any],
    registry: Registry,
    where: str,
    others: Collection[str] = (),
) -> list[Problem]:
    """Return all problems of a component's options.

    Args:
        component: The component.
        options: Its options in the recipe.
        registry: The installed components.
        where: Key of the recipe, such as "model.head".
        others: Further keys of the table, for suggestions.
    """
    try:
        parameters = option_parameters(component)
    except ComponentError as error:
        return [Problem(where, str(error))]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    known = {name: p for name, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    owner = f"{component.kind} {component.name!r}"
    problems = []
    for name, value in options.items():
        if name in known:
            problems += check_value(known[name].annotation, value, registry, f"{where}.{name}")
        elif name in CONTEXT.get(component.kind, ()):
            problem = f"ferkit itself gives {name!r} to the {component.kind}. A recipe cannot set it."
            problems.append(Problem(f"{where}.{name}", problem))
        elif not takes_any:
            problems.append(
                Problem(
                    f"{where}.{name}", f"{owner} has no option {name!r}. {suggest(name, [*others, *known])}"
                )
            )
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in options:
            needed = describe_type(parameter.annotation)
            problems.append(Problem(where, f"{owner} needs the option {name!r}: {needed}"))
    return problems


def check_value(annotation: Any, value: Any, registry: Registry, where: str) -> list[Problem]:
    """Return the problems of a value of an option. An interface as annotation expects a component."""
    if kind := nested_kind(annotation):
        return _check_nested(kind, value, registry, where)
    if kind := nested_items(annotation):
        return _check_items(kind, annotation, value, registry, where)
    if annotation is WeightsName and isinstance(value, str):
        known = ["none", *registry.names("weights")]
        if value in known:
            return []
        problem = f"no weights are called {value!r}. {suggest(value, known)}"
        return [UnknownComponent.of(where, problem, "weights", value, known)]
    try:
        convert(annotation, value)
    except ValueError:
        close = find_closest(value, literals(annotation)) if isinstance(value, str) else None
        guess = f". Did you mean {close!r}?" if close else ""
        expected = f"expected {describe_type(annotation)}, got {describe_value(value)}{guess}"
        return [Problem(where, expected)]
    except PydanticSchemaGenerationError:
        hint = "Remove it. The author of the plugin should use a type that TOML can express."
        return [Problem(where, f"the component expects {annotation}, which TOML cannot express", hint)]
    return []


def _check_nested(kind: str, value: Any, registry: Registry, where: str) -> list[Problem]:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return [Problem(where, f"expected {describe_nested(kind)}, got {describe_value(value)}")]
    options = {key: one for key, one in value.items() if key != "name"}
    if unknown := registry.find_unknown(kind, value["name"], f"{where}.name"):
        return unknown
    return check_options(registry.get(kind, value["name"]), options, registry, where)


def _check_items(kind: str, annotation: Any, value: Any, registry: Registry, where: str) -> list[Problem]:
    if not isinstance(value, list) or not value:
        return [Problem(where, f"expected {describe_type(annotation)}, got {describe_value(value)}")]
    places = [(one, f"{where}.{place}") for place, one in enumerate(value)]
    return [problem for one, place in places for problem in _check_nested(kind, one, registry, place)]


def context_parameter(component: Component, name: str) -> inspect.Parameter | None:
    """Return this parameter of the constructor, if it has one. Raises ComponentError."""
    return inspect.signature(component.load()).parameters.get(name)


def weights_options(component: Component, options: Mapping[str, Any]) -> dict[str, str]:
    """Return the options that name pretrained weights, with their values or defaults."""
    found = {}
    for name, parameter in option_parameters(component).items():
        if parameter.annotation is WeightsName:
            found[name] = str(options.get(name, parameter.default))
    return found


def without_weights(component: Component) -> dict[str, Any]:
    """Return the options and values that select random initial weights."""
    parameters = option_parameters(component)
    named: dict[str, Any] = dict.fromkeys(weights_options(component, {}), "none")
    return named | ({"pretrained": False} if "pretrained" in parameters else {})
