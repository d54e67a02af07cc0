"""Set values of a recipe by dotted keys."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from ferkit.errors import Problem
from ferkit.messages import describe_value


def apply_overrides(table: dict[str, Any], overrides: Sequence[str]) -> list[Problem]:
    """Set each "section.key=value" in the table, and return the problems."""
    return [problem for override in overrides if (problem := _apply(table, override))]


def _apply(table: dict[str, Any], override: str) -> Problem | None:
    key, equals, text = override.partition("=")
    where = f"--set {override}"
    if not equals or not all(key.strip().split(".")):
        return Problem(where, "expected KEY=VALUE, with a key such as fit.epochs")
    try:
        put(table, key.strip(), parse(text.strip()))
    except ValueError as error:
        return Problem(where, str(error))
    return None


def put(table: dict[str, Any], key: str, value: Any) -> None:
    """Set a dotted key, and create missing tables. Raises ValueError if a step is not a table or list."""
    *way, last = key.split(".")
    place: Any = table
    for step in way:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[_position(place, step)]
    place[last if isinstance(place, dict) else _position(place, last)] = value


def _position(place: Any, step: str) -> int:
    if not isinstance(place, list):
        raise ValueError(f"expected a table with the key {step!r}, got {describe_value(place)}")
    if not step.isdecimal() or int(step) >= len(place):
        raise ValueError(f"expected a position from 0 in a list of {len(place)}, got {step!r}")
    return int(step)


def parse(text: str) -> Any:
    """Parse a TOML value. Anything else is a string: names need no quotes."""
    try:
        found = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    except RecursionError as error:
        raise ValueError("its value is nested too deep") from error
    if len(found) > 1:
        raise ValueError("expected one value, got several lines of TOML. Use one --set for each key.")
    return found["value"]
