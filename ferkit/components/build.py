"""Build components from names and options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ferkit.components.option_types import convert, describe_type, nested_items, nested_kind
from ferkit.components.options import CONTEXT, check_value, option_parameters
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.components.tracebacks import describe, is_interrupt, say
from ferkit.errors import ComponentError, FerkitError
from ferkit.messages import describe_value


def build(registry: Registry, kind: str, part: Part, **context: Any) -> Any:
    """Build a component.

    Args:
        registry: The installed components.
        kind: Kind of the component.
        part: Name and options.
        context: Arguments from ferkit. The constructor gets those that it names.

    Raises:
        ComponentError: The constructor fails. The message has the name and provider of the component.
        FerkitError: The constructor raises it.
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
    except BaseException as error:
        if is_interrupt(error):
            raise
        if isinstance(error, ValueError):
            detail = say(error)  # about the options, which the author of the recipe can fix
        else:
            detail = f"{describe(error, component.target)}. {component.hint}"
        raise ComponentError(f"{component} can't be built with its options: {detail}") from error


def on_device(registry: Registry, kind: str, part: Part, device: str) -> Part:
    """Set the option `device` if the component has it and the recipe does not set it."""
    return _unless_given(registry, kind, part, "device", device)


def on_runtime(registry: Registry, kind: str, part: Part, runtime: str) -> Part:
    """Set the option `runtime` if the component accepts this value and the recipe does not set it."""
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
        expected, got = describe_type(annotation), describe_value(value)
        raise ComponentError(f"option {parameter.name!r}: expected {expected}, got {got}") from error
