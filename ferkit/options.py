"""A constructor's signature as the schema of its options."""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ferkit import interfaces
from ferkit.component import Component
from ferkit.errors import ComponentError, Fault
from ferkit.registry import Registry, suggest
from ferkit.weights import WeightsName

CONTEXT: Mapping[str, tuple[str, ...]] = {
    "head": ("in_channels", "num_classes", "labels"),
    "output": ("labels", "num_classes"),
    "loss": ("num_classes", "labels", "class_counts"),
    "estimator": ("labels", "seed"),
}
"""What the core gives a constructor of each kind, if it names it; recipes can't set these."""

NESTED = {
    getattr(interfaces, kind.capitalize()): kind
    for kind in ("dataset", "detector", "backbone", "head", "output", "loss", "estimator")
}
"""Interfaces that an option can be annotated with, and the kind of component that they stand for."""


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


def check_options(component: Component, options: Mapping[str, Any], registry: Registry, where: str) -> list[Fault]:
    """Every fault of a component's options; where: the recipe's key, e.g. "model.head"."""
    try:
        parameters = option_parameters(component)
    except ComponentError as error:
        return [Fault(where, str(error))]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    known = {name: p for name, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    faults = []
    for name, value in options.items():
        if name in known:
            faults += check_value(known[name].annotation, value, registry, f"{where}.{name}")
        elif not takes_any:
            owner = f"{component.kind} {component.name!r}"
            faults.append(Fault(f"{where}.{name}", f"{owner} has no option {name!r}. {suggest(name, known)}"))
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in options:
            needed = describe_type(parameter.annotation)
            faults.append(
                Fault(where, f"{component.kind} {component.name!r} needs the option {name!r}: {needed}")
            )
    return faults


def check_value(annotation: Any, value: Any, registry: Registry, where: str) -> list[Fault]:
    if kind := nested_kind(annotation):
        return _check_nested(kind, value, registry, where)
    if annotation is WeightsName and isinstance(value, str):
        known = ["none", *registry.names("weights")]
        return [] if value in known else [Fault(where, f"no weights are called {value!r}. {suggest(value, known)}")]
    try:
        convert(annotation, value)
    except (ValidationError, ValueError, TypeError):
        expected, came = describe_type(annotation), describe_value(value)
        return [Fault(where, f"expected {expected}, got {came}")]
    return []


def _check_nested(kind: str, value: Any, registry: Registry, where: str) -> list[Fault]:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        expected = f'a {kind}, written {{ name = "...", ... }}'
        return [Fault(where, f"expected {expected}, got {describe_value(value)}")]
    options = {key: one for key, one in value.items() if key != "name"}
    try:
        component = registry.get(kind, value["name"])
    except ComponentError as error:
        return [Fault(f"{where}.name", str(error))]
    return check_options(component, options, registry, where)


def nested_kind(annotation: Any) -> str | None:
    """The kind of component that an annotation such as `Loss | None` stands for, if any."""
    members = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
    return next((NESTED[one] for one in members if isinstance(one, type) and one in NESTED), None)


def convert(annotation: Any, value: Any) -> Any:
    """A recipe's value as the annotation's type. Strict, but a list is a tuple and a string a path.

    Raises ValidationError or ValueError.
    """
    if annotation is inspect.Parameter.empty or annotation is Any:
        return value
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    return adapter.validate_json(json.dumps(value, default=str), strict=True)


def weights_options(component: Component, options: Mapping[str, Any]) -> dict[str, str]:
    """The options that name pretrained weights, with the names given or left as they are."""
    found = {}
    for name, parameter in option_parameters(component).items():
        if parameter.annotation is WeightsName:
            found[name] = str(options.get(name, parameter.default))
    return found


def describe_type(annotation: Any) -> str:
    """A type in plain words."""
    if kind := nested_kind(annotation):
        return f'a {kind}, written {{ name = "...", ... }}'
    if annotation is WeightsName:
        return "the name of pretrained weights"
    arguments = typing.get_args(annotation)
    if _is_union(annotation):
        return " or ".join(describe_type(one) for one in arguments if one is not type(None))
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return "one of " + ", ".join(repr(one) for one in arguments)
    if origin is tuple and arguments[-1:] != (Ellipsis,):
        return f"{len(arguments)} values: " + ", ".join(describe_type(one) for one in arguments)
    if origin in (list, tuple) or annotation in (list, tuple):
        return f"a list of {describe_type(arguments[0]).split(' ', 1)[-1]}s" if arguments else "a list"
    words = {int: "a whole number", float: "a number", str: "a string", bool: "true or false", dict: "a table"}
    default = "a path" if getattr(annotation, "__name__", "") == "Path" else str(annotation)
    return words.get(origin or annotation, default)


def describe_value(value: Any) -> str:
    """A value and what it is, in plain words."""
    kinds = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}
    kinds |= {list: "a list", dict: "a table"}
    return f"{json.dumps(value, default=str, ensure_ascii=False)} ({kinds.get(type(value), 'a value')})"


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)
