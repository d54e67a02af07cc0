"""The reference of a recipe's keys, from the schema."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.hooks.docstrings import Docstring, read_docstring
from docs.hooks.tables import code, plain, table
from ferkit.components.component import KINDS
from ferkit.components.option_types import describe_type
from ferkit.components.part import Part, Section
from ferkit.recipe.schema import Recipe
from ferkit.runtime.shipped import shipped_recipes

KIND_OF_KEY = {"data": "dataset", "schedule": "scheduler", **{kind: kind for kind in KINDS}}
BOUNDS = {"ge": "{} or more", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}

INTRODUCTION = """\
# Recipes

A recipe may have the keys on this page. `ferkit check` reports every other key as a problem. Values are not
converted: `"3"` is a string, not a number.

- A **component** is a table with a `name`. Its other keys are the options of that component:
  [Components](components.md).
- `${NAME}` in a string is replaced by an environment variable.
- `--set section.key=value` on the command line overrides a key. The value is written as in TOML.
"""


def recipe_reference() -> str:
    """Every table of a recipe with its keys, and the built-in recipes."""
    parts = [INTRODUCTION]
    for key, models in sections(Recipe, ""):
        for model in models:
            parts += [f"## {_title(key, model, len(models) > 1)}", _described(model), _keys(model, key)]
    parts += ["## Built-in recipes", SHIPPED, _shipped()]
    return "\n\n".join(parts)


SHIPPED = "`ferkit run NAME` runs a recipe. `ferkit run NAME --demo` runs it on drawn faces."


def sections(model: type[BaseModel], key: str) -> Iterator[tuple[str, list[type[BaseModel]]]]:
    """Yield the key of each table, "" for the top, with the models that it may have."""
    yield key, [model]
    for name, field in model.model_fields.items():
        if inner := models_in(field.annotation):
            where = f"{key}.{name}".lstrip(".")
            if len(inner) > 1:
                yield where, inner
            else:
                yield from sections(inner[0], where)


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the tables of an annotation: several for a union, none for a component or a value."""
    if isinstance(annotation, type):
        is_table = issubclass(annotation, Section) or (
            issubclass(annotation, Part) and annotation is not Part
        )
        return [annotation] if is_table else []
    members = typing.get_args(annotation)
    found = [model for one in members for model in models_in(one)]
    return [] if typing.get_origin(annotation) in (tuple, dict) else found


def _title(key: str, model: type[BaseModel], is_one_of_several: bool) -> str:
    if not key:
        return "The recipe itself"
    name = typing.get_args(model.model_fields["name"].annotation)[0] if is_one_of_several else ""
    return f"`[{key}]`" + (f' with `name = "{name}"`' if name else "")


def _described(model: type[BaseModel]) -> str:
    """Return the prose of its docstring, and of those of the tables that it inherits keys from."""
    return "\n\n".join(read.prose for read in _docstrings(model) if read.prose)


def _docstrings(model: type[BaseModel]) -> list[Docstring]:
    own = [one for one in model.__mro__ if issubclass(one, Section | Part) and one not in (Section, Part)]
    return [read_docstring(vars(one).get("__doc__") or "", model.model_fields) for one in own]


def _keys(model: type[BaseModel], where: str) -> str:
    items = {name: text for read in _docstrings(model) for name, text in read.items.items()}
    rows = [
        (code(name), _takes(name, field, where), _default(field), items.get(name, ""))
        for name, field in keys_of(model).items()
    ]
    return table(("key", "takes", "default", "description"), rows)


def _takes(name: str, field: FieldInfo, where: str) -> str:
    annotation = field.annotation
    if _holds_part(annotation):
        if typing.get_origin(annotation) is tuple:
            kind = "augmentation" if name == "augment" else name
            return f"tables `[[{name}]]`, each of kind [{kind}](components.md#{kind})"
        return f"a component of kind [{KIND_OF_KEY[name]}](components.md#{KIND_OF_KEY[name]})"
    if models_in(annotation) and not field.description:
        return f"a table `[{f'{where}.{name}'.lstrip('.')}]`, below"
    if field.description:
        return plain(field.description)
    words = [plain(describe_type(annotation))]
    for limit in field.metadata:
        words += [
            BOUNDS[bound].format(f"{getattr(limit, bound):g}") for bound in BOUNDS if hasattr(limit, bound)
        ]
    return ", ".join(words)


def keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a table by their keys in the recipe."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _holds_part(annotation: Any) -> bool:
    return annotation is Part or any(_holds_part(one) for one in typing.get_args(annotation))


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required() or value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    if type(value) is Part:
        return code(f'{{ name = "{value.name}" }}')
    if isinstance(value, Section | Part):
        named = getattr(value, "name", "")
        return (
            code(f'name = "{named}"')
            if named and len(models_in(field.annotation)) > 1
            else "its keys' defaults"
        )
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, tuple):
        return code("[]") if not value else code(str(list(value)))
    return code(
        f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    )


def _shipped() -> str:
    rows = []
    for name, path in sorted(shipped_recipes().items()):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        rows.append((code(name), plain(content.get("description", ""))))
    return table(("name", "description"), rows)
