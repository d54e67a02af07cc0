"""Annotations of a constructor as types of a recipe's values: conversion and description."""

from __future__ import annotations

import inspect
import json
import os
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ferkit import interfaces
from ferkit.components.component import KINDS
from ferkit.interfaces import WeightsName
from ferkit.messages import WORDS

NESTED = {getattr(interfaces, kind.capitalize()): kind for kind in KINDS if kind != "weights"}
"""Interface of an option's annotation to the kind of component."""


def nested_kind(annotation: Any) -> str | None:
    """Return the kind of component of an annotation such as `Loss | None`, or None."""
    members = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
    return next((NESTED[one] for one in members if isinstance(one, type) and one in NESTED), None)


def nested_items(annotation: Any) -> str | None:
    """Return the kind of component in a list such as `tuple[Descriptor, ...]`, or None."""
    items = typing.get_args(annotation)
    is_list = typing.get_origin(annotation) is tuple and items[-1:] == (Ellipsis,)
    return nested_kind(items[0]) if is_list else None


def convert(annotation: Any, value: Any) -> Any:
    """Convert a recipe's value to the type of an annotation: a list to a tuple, a string to a path.

    In a path, `~` is expanded.

    Other types must match strictly.

    Raises:
        ValueError: The value does not fit, or a number is not finite. pydantic's ValidationError is one.
    """
    if annotation is inspect.Parameter.empty or annotation is Any:
        return value
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    converted = adapter.validate_json(json.dumps(value, default=str, allow_nan=False), strict=True)
    return Path(os.path.expanduser(converted)) if isinstance(converted, Path) else converted


def describe_type(annotation: Any) -> str:
    """Describe a type in plain words: "a number", "one of 'a', 'b'", "2 numbers"."""
    if kind := nested_kind(annotation):
        return describe_nested(kind)
    if kind := nested_items(annotation):
        return f'a list of {kind}s, written [{{ name = "...", ... }}, ...]'
    if annotation is WeightsName:
        return "the name of pretrained weights"
    arguments = typing.get_args(annotation)
    origin = typing.get_origin(annotation) or annotation
    if _is_union(annotation):
        return " or ".join(describe_type(one) for one in arguments if one is not type(None))
    if origin is typing.Literal:
        return "one of " + ", ".join(repr(one) for one in arguments)
    if origin in (list, tuple) and arguments:
        return _describe_items(arguments)
    return WORDS[origin][0] if origin in WORDS else "a value"


def literals(annotation: Any) -> list[str]:
    """Return the strings that an annotation such as `Literal["a", "b"] | None` names."""
    if typing.get_origin(annotation) is typing.Literal:
        return [one for one in typing.get_args(annotation) if isinstance(one, str)]
    return [name for one in typing.get_args(annotation) for name in literals(one)]


def _describe_items(items: tuple[Any, ...]) -> str:
    is_fixed = len(items) > 1 and items[-1] is not Ellipsis
    if is_fixed and len(set(items)) > 1:
        return f"{len(items)} values: " + ", ".join(describe_type(one) for one in items)
    start = str(len(items)) if is_fixed else "a list of"
    plural = WORDS[items[0]][1] if items[0] in WORDS else f"values, each {describe_type(items[0])}"
    return f"{start} {plural}"


def describe_nested(kind: str) -> str:
    """Describe the syntax for a component that is an option of another."""
    return f'{"an" if kind[0] in "aeiou" else "a"} {kind}, written {{ name = "...", ... }}'


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)
