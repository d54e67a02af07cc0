"""Values put into a recipe's table by their dotted keys."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from ferkit.errors import Problem
from ferkit.messages import describe_value


def apply_overrides(table: dict[str, Any], overrides: Sequence[str]) -> list[Problem]:
    """Set each "section.key=value" in the table; what can't be set is a problem."""
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
    """Set a dotted key; tables that are not there are made. Raises ValueError where the way leads nowhere."""
    *way, last = key.split(".")
    place: Any = table
    for step in way:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[_position(place, step)]
    place[last if isinstance(place, dict) else _position(place, last)] = value


def _position(place: Any, step: str) -> int:
    if not isinstance(place, list):
        raise ValueError(f"there is no table to look for {step!r} in, but {describe_value(place)}")
    if not step.isdecimal() or int(step) >= len(place):
        raise ValueError(f"{step!r} is no position in a list of {len(place)}, counted from 0")
    return int(step)


def parse(text: str) -> Any:
    """A value as TOML writes it; what is no TOML is a string, so that names need no quotes."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
