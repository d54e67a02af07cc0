"""Keys and values of a recipe as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ABSENT = "not set"
"""Value of a key that a recipe does not have."""


def shorten(key: str) -> str:
    """Shorten a key: model.head.stage becomes head.stage, and loss.name becomes loss."""
    return key.removesuffix(".name").removeprefix("model.").removeprefix("backbone.")


def show(value: Any) -> str:
    """Format a value for a label: a string as it is, components as "Rotate (limit = 10) + Blur"."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(one, dict) and "name" in one for one in value):
        return " + ".join(_show_part(one) for one in value)
    return "none" if value == [] else toml(value)


def toml(value: Any) -> str:
    """Format a value as TOML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}"={toml(inner)}' for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False, default=str)


def _show_part(part: Mapping[str, Any]) -> str:
    options = ", ".join(f"{key} = {show(one)}" for key, one in part.items() if key != "name")
    return f"{part['name']} ({options})" if options else str(part["name"])
