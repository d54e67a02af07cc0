"""Names and options of a library's transforms, checked for `ferkit check`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ferkit.plugin import describe_value, suggest
from ferkit_augmentations.elsewhere import find_elsewhere

PROBABILITIES = {"p", "p_batch"}


def find_unknown(
    library: str, transform: str, known: Mapping[str, Any], options: Iterable[str]
) -> dict[str, str]:
    """Return the problems of a transform's name and of its options' names, by option."""
    if transform not in known:
        hint = find_elsewhere(transform, library) or closest_name(transform, list(known), library)
        return {"transform": f"{library} has no transform {transform!r}. {hint}"}
    takes = inspect.signature(known[transform]).parameters
    return {
        one: f"{transform} has no option {one!r}. {suggest(one, list(takes))}"
        for one in options
        if one not in takes
    }


def find_missing(transform: str, kind: Any, options: Mapping[str, Any]) -> dict[str, str]:
    """Return a problem for each required option that has no value."""
    needed = [name for name, one in inspect.signature(kind).parameters.items() if one.default is one.empty]
    return {one: f"{transform} requires this option" for one in needed if one not in options}


def find_improbable(options: Mapping[str, Any]) -> dict[str, str]:
    """Return a problem for each probability that is not in 0..1."""
    found = {}
    for name in PROBABILITIES & options.keys():
        value = options[name]
        if not isinstance(value, int | float) or not 0 <= value <= 1:
            found[name] = f"expected a number from 0 to 1, got {describe_value(value)}"
    return found


def closest_name(name: str, known: Sequence[str], library: str) -> str:
    """Return a hint with the closest name. A library has too many transforms to list all."""
    hint, mark, _ = suggest(name, known).partition("?")
    return hint + mark if mark else f"The documentation of {library} lists them."


def complete_options(kind: Any, options: Mapping[str, Any], side: int) -> dict[str, Any]:
    """Return options with tuples instead of lists, and with `size` = (side, side) if it is not set."""
    made = {name: _as_tuple(value) for name, value in options.items()}
    if "size" in inspect.signature(kind).parameters:
        made.setdefault("size", (side, side))
    return made


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value
