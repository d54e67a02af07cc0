"""Searched settings as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.report.table.values import show


def take_searched(table: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a resolved recipe into its searched settings and the rest.

    Returns:
        Dotted key -> range or choices of each setting of [grid] and [search], and the recipe without them.
    """
    rest = dict(table)
    found: dict[str, Any] = {}
    if isinstance(grid := rest.get("grid"), Mapping) and grid:
        found |= {key: {"choices": values} for key, values in rest.pop("grid").items()}
    search = rest.get("search")
    if isinstance(search, Mapping) and isinstance(space := search.get("space"), Mapping):
        rest["search"] = _as_part({key: one for key, one in search.items() if key != "space"})
        found |= {key: _given(values) for key, values in space.items()}
    return found, rest


def _as_part(search: Mapping[str, Any]) -> Any:
    """Return [search] in the form of a component, shown as "tpe (trials = 20)"."""
    options = {key: one for key, one in search.items() if key != "sampler" and one != "none"}
    return [{"name": search["sampler"], **options}] if "sampler" in search else options


def _given(values: Any) -> Any:
    """Leave out options of a range that are not set."""
    if not isinstance(values, Mapping):
        return values
    return {key: one for key, one in values.items() if one is not None and one is not False}


def show_searched(values: Any) -> str:
    """Format a range as "searched, 1e-05 to 0.01", choices as "searched, 16 or 32"."""
    if not isinstance(values, Mapping):
        return f"searched, {show(values)}"
    if isinstance(choices := values.get("choices"), Sequence):
        return f"searched, {' or '.join(_show_choice(one) for one in choices)}"
    step = values.get("step")
    steps = f" in steps of {show(step)}" if step is not None else ""
    return f"searched, {show(values.get('low'))} to {show(values.get('high'))}{steps}"


def _show_choice(value: Any) -> str:
    return show([value]) if isinstance(value, Mapping) and "name" in value else show(value)
