"""Bounds on the options of augmentations, by the image size."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from inspect import Parameter
from typing import Any

from ferkit.errors import Problem
from ferkit.messages import describe_value

LARGEST = 20_000
"""Largest number in an option, such as a colour temperature in kelvin."""
LARGEST_SIDE = 4096
"""Largest width and height of a result, in pixels. It also limits options in pixels, and counts of holes."""
USUAL_FACTOR = 4
"""A usual value differs from the default by at most this factor."""
USUAL_SMALLEST = 1e-3
IN_PIXELS = re.compile(r"height|width|length|size|px|padding|divisor|^[xy]_m|^num_holes|^blur_limit|^radius")
"""Options in pixels, and counts of holes. A usual value is at most two sides of the image."""


def bound_problems(table: Mapping[str, Any], where: str, side: int) -> list[Problem]:
    """Return a problem for each option with a number that no (side, side) image needs."""
    problems = []
    for option, value in table.items():
        most = max(LARGEST_SIDE, side) if IN_PIXELS.search(option) else LARGEST
        beyond = [one for one in _leaves(value) if _is_number(one) and not abs(one) <= most]
        if beyond:
            expected = f"expected numbers from -{most} to {most}, got {describe_value(beyond[0])}"
            problems.append(Problem(f"{where}.{option}", f"{table['name']}: {expected}"))
    return problems


def is_usual(table: Mapping[str, Any], parameters: Mapping[str, Parameter], side: int) -> bool:
    """Return true if the options are near their defaults, so that the transform is cheap to try."""
    return all(
        _is_usual(option, value, parameters[option].default, side)
        for option, value in table.items()
        if option not in ("name", "p")
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


def size_problems(name: str, where: str, shape: tuple[int, ...], side: int) -> list[Problem]:
    """Return a problem if the result is much larger than any network needs."""
    most = max(LARGEST_SIDE, side)
    if max(shape[:2]) <= most:
        return []
    height, width = shape[:2]
    expected = f"expected at most {most} by {most} pixels from {name}, got {width} by {height}"
    return [Problem(where, expected, "Reduce its size or scale.")]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the values of nested lists and tables. `check_bounds` of recipes limits the depth."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        yield value
        return
    for one in value:
        yield from _leaves(one)
