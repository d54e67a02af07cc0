"""Bounds on the options of transforms, by the image size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from inspect import signature
from typing import Any

from ferkit.plugin import describe_value

LARGEST = 20_000
"""Largest number in an option, such as a colour temperature in kelvin."""
LARGEST_SIDE = 4096
"""Largest number in an option in pixels, and largest count of holes."""
USUAL_FACTOR = 4
"""A usual value differs from the default by at most this factor."""
USUAL_SMALLEST = 1e-3
IN_PIXELS = re.compile(r"height|width|length|size|px|pad|divisor|^[xy]_m|^num_holes|^blur_limit|^radius")
"""Options in pixels, and counts of holes. A usual value is at most two sides of the image."""

CHEAP = re.compile(r"rotate|shear|degrees|angle|interpolation|mode|fill")
"""Options whose numbers cost neither time nor memory."""


def find_too_large(options: Mapping[str, Any], side: int) -> dict[str, str]:
    """Return a problem for each option with a number that no (side, side) image needs."""
    found = {}
    for option, value in options.items():
        most = max(LARGEST_SIDE, side) if IN_PIXELS.search(option) else LARGEST
        beyond = [one for one in _leaves(value) if _is_number(one) and not abs(one) <= most]
        if beyond:
            found[option] = f"expected numbers from -{most} to {most}, got {describe_value(beyond[0])}"
    return found


def is_usual(kind: Any, options: Mapping[str, Any], side: int) -> bool:
    """Return True if options are near their defaults, so that the transform is cheap to try."""
    parameters = signature(kind).parameters
    return all(
        _is_usual(option, value, parameters[option].default, side)
        for option, value in options.items()
        if option not in ("p", "p_batch") and not CHEAP.search(option)
    )


def _is_usual(option: str, value: Any, default: Any, side: int) -> bool:
    if isinstance(value, str):
        return isinstance(default, str | int | float | tuple)  # else it may be a file
    known = [abs(one) for one in _leaves(default) if _is_number(one)]
    largest = max([1.0, *(USUAL_FACTOR * one for one in known)])
    if not known or IN_PIXELS.search(option):
        largest = max(largest, 2.0 * side)
    smallest = min([USUAL_SMALLEST, *(one / USUAL_FACTOR for one in known if one)])
    numbers = [abs(one) for one in _leaves(value) if _is_number(one)]
    is_plain = len(numbers) == sum(1 for _ in _leaves(value)) <= 16
    return is_plain and all(one == 0 or smallest <= one <= largest for one in numbers)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the values of nested lists and tables. The check of recipes limits the depth."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        yield value
        return
    for one in value:
        yield from _leaves(one)
