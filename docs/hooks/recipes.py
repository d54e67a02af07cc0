"""The recipes' reference, from the schema itself."""

from __future__ import annotations

import inspect
import tomllib
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.hooks.tables import code, paragraphs, plain, table
from ferkit.components.component import KINDS
from ferkit.components.option_types import describe_type
from ferkit.components.part import Part, Section
from ferkit.recipe.schema import Recipe
from ferkit.runtime.shipped import shipped_recipes

KIND_OF_KEY = {"data": "dataset", **{kind: kind for kind in KINDS}}
BOUNDS = {"ge": "{} or more", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}

INTRODUCTION = """\
# Recipes

Every key that a recipe may have, from the schema that `ferkit check` holds recipes to. A key that is not here
is a problem. Values are not converted: `"3"` is no number.

- A **component** is a table with a `name`; every other key of it is an option of that component
  ([Components](components.md)).
- `${NAME}` in a string stands for an environment variable.
- `--set section.key=value` on the command line overrides a key; the value is written as in TOML.
"""


def recipe_reference() -> str:
    parts = [INTRODUCTION]
    for key, models in sections(Recipe, ""):
        for model in models:
            parts += [f"## {_title(key, model, len(models) > 1)}", _described(model), _keys(model, key)]
    parts += ["## Recipes that ferkit ships", SHIPPED, _shipped()]
    return "\n\n".join(parts)


SHIPPED = "`ferkit run NAME` runs one, and `ferkit run NAME --demo` on drawn faces."


def sections(model: type[BaseModel], key: str) -> Iterator[tuple[str, list[type[BaseModel]]]]:
    """Each table of the schema with its key, "" for the top, and the models that it may be of."""
    yield key, [model]
    for name, field in model.model_fields.items():
        if inner := models_in(field.annotation):
            where = f"{key}.{name}".lstrip(".")
            if len(inner) > 1:
                yield where, inner
            else:
                yield from sections(inner[0], where)


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The tables that an annotation stands for: several of a union, none of a component or a value."""
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, Section) else []
    members = typing.get_args(annotation)
    found = [model for one in members for model in models_in(one)]
    return [] if typing.get_origin(annotation) in (tuple, dict) else found


def _title(key: str, model: type[BaseModel], is_one_of_several: bool) -> str:
    if not key:
        return "The recipe itself"
    name = typing.get_args(model.model_fields["name"].annotation)[0] if is_one_of_several else ""
    return f"`[{key}]`" + (f' with `name = "{name}"`' if name else "")


def _described(model: type[BaseModel]) -> str:
    """Its docstring, and those of the tables that it has its keys from."""
    own = [one for one in model.__mro__ if issubclass(one, Section) and one is not Section]
    texts = [inspect.cleandoc(vars(one).get("__doc__") or "") for one in own]
    return "\n".join(paragraphs(text, model.model_fields) for text in texts if text)


def _keys(model: type[BaseModel], where: str) -> str:
    rows = [
        (code(name), _takes(name, field, where), _default(field))
        for name, field in model.model_fields.items()
    ]
    return table(("key", "takes", "default"), rows)


def _takes(name: str, field: FieldInfo, where: str) -> str:
    annotation = field.annotation
    if _holds_part(annotation):
        if name == "augment":
            return "tables `[[augment]]`, each a transform of albumentations"
        return f"a component of kind [{KIND_OF_KEY[name]}](components.md#{KIND_OF_KEY[name]})"
    if models_in(annotation):
        return f"a table `[{f'{where}.{name}'.lstrip('.')}]`, below"
    if field.description:
        return plain(field.description)
    words = [plain(describe_type(annotation))]
    for limit in field.metadata:
        words += [
            BOUNDS[bound].format(f"{getattr(limit, bound):g}") for bound in BOUNDS if hasattr(limit, bound)
        ]
    return ", ".join(words)


def _holds_part(annotation: Any) -> bool:
    return annotation is Part or any(_holds_part(one) for one in typing.get_args(annotation))


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required() or value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, Part):
        return code(f'{{ name = "{value.name}" }}')
    if isinstance(value, Section):
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
    return table(("name", "what it is"), rows)
