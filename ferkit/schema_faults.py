"""pydantic's errors in ferkit's words."""

from __future__ import annotations

import types
import typing
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ferkit.annotations import describe_value
from ferkit.errors import Fault
from ferkit.recipe import Recipe
from ferkit.registry import suggest

EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "a string",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "a table",
    "dict_type": "a table",
}


def translate(error: ValidationError) -> list[Fault]:
    """One fault for each thing wrong, with what was expected and what came."""
    return [_fault(detail) for detail in error.errors()]


def _fault(detail: ErrorDetails) -> Fault:
    way = [step for step in detail["loc"] if not _is_tag(step)]
    where = ".".join(str(step) for step in way)
    kind = detail["type"]
    came = describe_value(detail["input"])
    if kind == "extra_forbidden":
        table = ".".join(str(step) for step in way[:-1]) or "a recipe"
        return Fault(where, f"{table} has no key {way[-1]!r}. {suggest(str(way[-1]), _keys(way[:-1]))}")
    if kind == "missing":
        return Fault(where, "is missing: every recipe needs it")
    if kind == "union_tag_invalid":
        context = detail.get("ctx", {})
        return Fault(
            where, f"expected a name out of {context.get('expected_tags')}, got {context.get('tag')!r}"
        )
    if kind == "union_tag_not_found":
        return Fault(where, 'expected a table with a name, such as { name = "step" }')
    if kind == "literal_error":
        return Fault(where, f"expected {detail.get('ctx', {}).get('expected')}, got {came}")
    if kind in EXPECTED:
        return Fault(where, f"expected {EXPECTED[kind]}, got {came}")
    message = detail["msg"].replace("Input should", "it should").replace("String should", "it should")
    return Fault(where, f"{message}; got {came}")


def _is_tag(step: object) -> bool:
    """pydantic puts the names of a union's members into the way."""
    return step in {"constant", "step", "cosine", "one_cycle"}


def _keys(way: list[Any]) -> list[str]:
    """The keys that the table at that place of a recipe may have."""
    models: list[type[BaseModel]] = [Recipe]
    for step in way:
        fields = [model.model_fields[step] for model in models if step in model.model_fields]
        models = [one for field in fields for one in _models(field.annotation)]
    return sorted({name for model in models for name in model.model_fields})


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated):
        return [model for one in typing.get_args(annotation) for model in _models(one)]
    return []
