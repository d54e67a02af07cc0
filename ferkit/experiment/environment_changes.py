"""Differences between the environments in which a run was started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ABSENT = {"number of processes": "1"}
"""What a missing value means; "none" for the other keys, such as "gpu"."""


def describe_changes(environments: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each difference between a later start and the first."""
    first, *later = environments or [{}]
    return [
        f"Resumed under another {key}: {_shown(key, one[key])}, started under {_shown(key, first.get(key))}"
        for one in later
        for key in one
        if one[key] != first.get(key)
    ]


def _shown(key: str, value: object) -> object:
    return ABSENT.get(key, "none") if value is None else value
