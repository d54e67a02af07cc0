"""Documentation of a component, and its options with types and defaults."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import Any

from ferkit.components.component import Component
from ferkit.components.option_types import describe_type
from ferkit.components.options import option_parameters
from ferkit.components.registry import Registry


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a component.

    Attributes:
        name: Name of the option.
        takes: Type in plain words.
        default: Default as in a recipe, or "required".
    """

    name: str
    takes: str
    default: str


def documentation(component: Component) -> str:
    """Return the docstring of a class, or the fields of an entry of weights. Raises ComponentError."""
    target = component.load()
    if component.kind != "weights":
        return inspect.cleandoc(target.__doc__ or "")
    facts = {
        "trained on": target.trained_on,
        "licence": target.licence,
        "sha256": target.sha256 or "unpublished",
    }
    return "\n".join(f"{key}: {value}" for key, value in facts.items())


def options(component: Component, registry: Registry) -> list[Option]:
    """List the options in the order of the constructor. Weights have none. Raises ComponentError."""
    if component.kind == "weights":
        return []
    return [
        Option(name, _takes(parameter), _default(parameter, registry))
        for name, parameter in option_parameters(component).items()
    ]


def _takes(parameter: inspect.Parameter) -> str:
    is_open = parameter.kind is parameter.VAR_KEYWORD
    return "all other keys" if is_open else describe_type(parameter.annotation)


def _default(parameter: inspect.Parameter, registry: Registry) -> str:
    if parameter.kind is parameter.VAR_KEYWORD:
        return "none"
    if parameter.default is parameter.empty:
        return "required"
    return "none" if parameter.default is None else _written(parameter.default, registry)


def _written(value: Any, registry: Registry) -> str:
    """Format a value as TOML. A component becomes its name, another object its class."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(one, registry) for one in value)}]"
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:
        own = type(value)
        target = f"{own.__module__}:{own.__qualname__}"
        names = [one.component.name for one in registry.entries() if one.component.target == target]
        return f'{{ name = "{names[0]}" }}' if names else own.__name__
