"""Bounds on the values of a recipe, checked before anything recurses into them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ferkit.errors import Problem
from ferkit.messages import shorten

DEEPEST = 32
"""Levels of nested tables and lists. Shipped recipes have 4."""
LARGEST = 2**63
"""TOML has integers of 64 bits."""
LONGEST = 60
"""Characters of a key in a message."""


def check_bounds(table: dict[str, Any]) -> list[Problem]:
    """Return the problems of values: too many levels, integers above 64 bits, keys that are no text."""
    problems = []
    for where, value, depth in _walk(table):
        if depth > DEEPEST:
            expected = f"expected at most {DEEPEST} levels of tables and lists, got more"
            return [Problem(where, expected, "Write it as a value of the key above.")]
        if isinstance(value, dict) and (odd := next((key for key in value if not _is_text(key)), None)):
            return [Problem(where, f"expected a key of Unicode characters, got {shorten(odd)}")]
        if isinstance(value, int) and not -LARGEST <= value < LARGEST:
            problems.append(Problem(where, "expected an integer of 64 bits, got a larger one"))
    return problems


def _is_text(key: str) -> bool:
    """Return False for half a character (a lone surrogate), which pydantic refuses."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def _walk(table: dict[str, Any]) -> Iterator[tuple[str, Any, int]]:
    """Yield (key, value, depth) of each value, without recursion; a long key is cut."""
    waiting: list[tuple[str, Any, int]] = [("", table, 0)]
    while waiting:
        where, value, depth = waiting.pop()
        yield where or "recipe", value, depth
        if depth <= DEEPEST and isinstance(value, dict | list):
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(f"{where}.{key}".lstrip(".")[:LONGEST], one, depth + 1) for key, one in inner]
