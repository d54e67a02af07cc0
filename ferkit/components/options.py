"""A constructor's signature as the schema of its options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import PydanticSchemaGenerationError

from ferkit.components.component import Component
from ferkit.components.option_types import convert, describe_nested, describe_type, nested_items, nested_kind
from ferkit.components.registry import Registry
from ferkit.errors import ComponentError, Problem
from ferkit.interfaces import WeightsName
from ferkit.messages import describe_value, suggest

CONTEXT: Mapping[str, tuple[str, ...]] = {
    "head": ("in_channels", "num_classes", "labels"),
    "output": ("labels", "num_classes", "class_counts"),
    "loss": ("num_classes", "labels", "class_counts"),
    "estimator": ("labels", "seed", "crop", "state_file", "network"),
}
"""What the core gives a constructor of each kind, if it names it; recipes can't set these."""


def option_parameters(component: Component) -> dict[str, inspect.Parameter]:
    """The constructor's parameters that a recipe may set, by name. Raises ComponentError."""
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
    component: Component, options: Mapping[str, Any], registry: Registry, where: str
) -> list[Problem]:
    """Every problem of a component's options; where: the recipe's key, e.g. "model.head"."""
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
            problem = f"ferkit itself gives a {component.kind} {name!r}; a recipe can't set it"
            problems.append(Problem(f"{where}.{name}", problem))
        elif not takes_any:
            problems.append(
                Problem(f"{where}.{name}", f"{owner} has no option {name!r}. {suggest(name, known)}")
            )
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in options:
            needed = describe_type(parameter.annotation)
            problems.append(Problem(where, f"{owner} needs the option {name!r}: {needed}"))
    return problems


def check_value(annotation: Any, value: Any, registry: Registry, where: str) -> list[Problem]:
    """Whether a value fits an option's annotation; an annotation with an interface stands for a component."""
    if kind := nested_kind(annotation):
        return _check_nested(kind, value, registry, where)
    if kind := nested_items(annotation):
        return _check_items(kind, annotation, value, registry, where)
    if annotation is WeightsName and isinstance(value, str):
        known = ["none", *registry.names("weights")]
        if value in known:
            return []
        return [Problem(where, f"no weights are called {value!r}. {suggest(value, known)}")]
    try:
        convert(annotation, value)
    except ValueError:
        return [Problem(where, f"expected {describe_type(annotation)}, got {describe_value(value)}")]
    except PydanticSchemaGenerationError:
        hint = "Leave it out; the plugin's author should annotate it with a type that TOML can write."
        return [Problem(where, f"the component wants {annotation}, which no recipe can give", hint)]
    return []


def _check_nested(kind: str, value: Any, registry: Registry, where: str) -> list[Problem]:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return [Problem(where, f"expected {describe_nested(kind)}, got {describe_value(value)}")]
    options = {key: one for key, one in value.items() if key != "name"}
    try:
        component = registry.get(kind, value["name"])
    except ComponentError as error:
        return [Problem(f"{where}.name", str(error))]
    return check_options(component, options, registry, where)


def _check_items(kind: str, annotation: Any, value: Any, registry: Registry, where: str) -> list[Problem]:
    if not isinstance(value, list) or not value:
        return [Problem(where, f"expected {describe_type(annotation)}, got {describe_value(value)}")]
    places = [(one, f"{where}.{place}") for place, one in enumerate(value)]
    return [problem for one, place in places for problem in _check_nested(kind, one, registry, place)]


def names_context(component: Component, name: str) -> bool:
    """Whether the constructor asks for that part of the context. Raises ComponentError."""
    return name in inspect.signature(component.load()).parameters


def weights_options(component: Component, options: Mapping[str, Any]) -> dict[str, str]:
    """The options that name pretrained weights, with the names given or left as they are."""
    found = {}
    for name, parameter in option_parameters(component).items():
        if parameter.annotation is WeightsName:
            found[name] = str(options.get(name, parameter.default))
    return found


def without_weights(component: Component) -> dict[str, Any]:
    """The options that make it start from random numbers, with the values that do."""
    parameters = option_parameters(component)
    named: dict[str, Any] = dict.fromkeys(weights_options(component, {}), "none")
    return named | ({"pretrained": False} if "pretrained" in parameters else {})
