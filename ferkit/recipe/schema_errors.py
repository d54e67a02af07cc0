"""Translate errors of pydantic into problems of a recipe."""

from __future__ import annotations

import re
import types
import typing
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ferkit.components.part import Part
from ferkit.errors import Problem
from ferkit.messages import describe_value, find_closest, suggest
from ferkit.recipe.schema import Recipe

EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a string",
    "string_too_short": "a string that is not empty",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "a table",
    "dict_type": "a table",
    "model_attributes_type": "a table",
    "literal_error": "{expected}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "less than {lt:g}",
    "less_than_equal": "{le:g} or less",
    "union_tag_invalid": "a table whose name is one of {expected_tags}",
    "union_tag_not_found": "a table with a name",
}
"""Type of pydantic's error to the expected value. The context of the error fills the braces."""


TAGS = ("|table", "|word")
"""Tags of unions without names, see `ferkit.neural.options.Known`."""


def translate(error: ValidationError) -> list[Problem]:
    """Return one problem for each error, with the expected and the actual value."""
    return [_problem(detail) for detail in error.errors()]


def _problem(detail: ErrorDetails) -> Problem:
    kind, got = detail["type"], describe_value(detail["input"])
    way, models, field = _follow(detail["loc"])
    where = ".".join(way) or "grid"  # the recipe's only check of several keys is about its grid
    if kind == "value_error":
        problem = str(detail["ctx"]["error"])
        return Problem(where, problem if isinstance(detail["input"], dict) else f"{problem}; got {got}")
    if kind == "extra_forbidden":
        table = ".".join(way[:-1]) or "a recipe"
        inside = _section_of(way[-1]) if len(way) == 1 else None
        hint = f"Did you mean {inside!r}?" if inside else suggest(way[-1], _keys(models))
        return Problem(where, f"{table} has no key {way[-1]!r}. {hint}")
    if kind == "missing":
        return Problem(where, _describe_missing(detail["input"], way[-1], models))
    if kind == "string_pattern_mismatch" and field and field.description:
        return Problem(where, f"expected {field.description}, got {got}")
    if kind in EXPECTED:
        expected = EXPECTED[kind].format(**detail.get("ctx", {}))
        return Problem(where, f"expected {expected}, got {got}{_guess(detail)}")
    return Problem(where, f"{detail['msg']}; got {got}")


def _guess(detail: ErrorDetails) -> str:
    """Return a question about the closest of the expected names, or ""."""
    said, context = detail["input"], detail.get("ctx", {})
    name = said.get("name") if isinstance(said, dict) else said
    known = re.findall(r"'([^']*)'", str(context.get("expected_tags") or context.get("expected", "")))
    close = find_closest(name, known) if isinstance(name, str) else None
    return f". Did you mean {close!r}?" if close else ""


def _describe_missing(table: Any, key: str, models: list[type[BaseModel]]) -> str:
    close = find_closest(key, table, 0.6) if Part in models and isinstance(table, dict) else None
    hint = f". Did you mean {key!r} instead of {close!r}?" if close else ""
    return ("is missing: it names the component" if Part in models else "is missing") + hint


def _follow(loc: tuple[int | str, ...]) -> tuple[list[str], list[type[BaseModel]], FieldInfo | None]:
    """Return the path of a key without pydantic's tags, the possible models of its table, and its field."""
    way: list[str] = []
    models: list[type[BaseModel]] = [Recipe]
    inner: list[type[BaseModel]] = [Recipe]
    field: FieldInfo | None = None
    for step in loc:
        if way and step in TAGS:
            continue
        if tagged := [model for model in inner if len(inner) > 1 and _has_name(model, step)]:
            inner = tagged
            continue
        way.append(str(step))
        models = inner
        if isinstance(step, int):
            continue
        fields = [fields_of[step] for model in models if step in (fields_of := _fields(model))]
        field = fields[0] if fields else None
        inner = [model for one in fields for model in _models(one.annotation)]
    return way, models, field


def _has_name(model: type[BaseModel], name: int | str) -> bool:
    """Return True if this name selects the member of a union."""
    return name in typing.get_args(model.model_fields["name"].annotation)


def _section_of(key: str) -> str | None:
    """Return "fit.epochs" for "epochs", if exactly one section has such a key."""
    sections = [(name, _models(field.annotation)) for name, field in _fields(Recipe).items()]
    found = [f"{name}.{key}" for name, models in sections if key in _keys(models)]
    return found[0] if len(found) == 1 else None


def _keys(models: list[type[BaseModel]]) -> list[str]:
    return sorted({name for model in models for name in _fields(model)})


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a table by the key in the recipe."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated, tuple):
        return [model for one in typing.get_args(annotation) for model in _models(one)]
    return []
