"""The kinds of change, and their levels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ferkit.errors import DataError
from ferkit.messages import printable, suggest

ALL = "all"
"""Name for all kinds."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of change.

    Attributes:
        unit: Meaning of a level.
        levels: From the weakest to the strongest.
        most: Largest possible level. All levels are above 0.
    """

    unit: str
    levels: tuple[float, ...]
    most: float = math.inf


KINDS: Mapping[str, Kind] = {
    "blur": Kind("sigma of a Gaussian, as a fraction of the face's side", (0.01, 0.02, 0.05, 0.1)),
    "noise": Kind("sigma of Gaussian noise, in grey levels", (5, 10, 20, 40)),
    "jpeg": Kind("quality of JPEG", (50, 30, 15, 5), most=100),
    "dark": Kind("factor of the pixel values", (0.5, 0.25, 0.1, 0.05)),
    "small": Kind("side of the face in pixels, enlarged again", (48, 32, 24, 16)),
    "occlusion": Kind("fraction of the face's box under a grey rectangle", (0.1, 0.2, 0.3, 0.5), most=1),
    "grey": Kind("1: without colour", (1,), most=1),
    "tighter": Kind("fraction by which the box is smaller", (0.1, 0.2, 0.3, 0.4), most=0.99),
    "looser": Kind("fraction by which the box is larger", (0.1, 0.2, 0.4, 0.8)),
    "off_center": Kind("displacement of the box, as a fraction of its side", (0.05, 0.1, 0.2, 0.3)),
}
"""Name to kind. All lengths and areas are those of the detected box."""


def read_kinds(names: str | Sequence[str] | bool) -> tuple[str, ...]:
    """Return the chosen names of KINDS, in its order.

    Args:
        names: Names, also comma-separated in one text. "all" or True: all kinds. Empty or False: none.

    Raises:
        DataError: A name is unknown.
    """
    if isinstance(names, bool):
        names = ALL if names else ""
    given = names.split(",") if isinstance(names, str) else names
    chosen = {name.strip() for name in given if name.strip()}
    if names and not chosen:
        known = ", ".join([ALL, *KINDS])
        raise DataError(f"Cannot use --shift: no kind of change is named. Name some of {known}.")
    for name in sorted(chosen - {ALL, *KINDS}):
        raise DataError(
            f"Cannot use --shift {printable(name)}: there is no such kind of change. "
            f"{suggest(name, [ALL, *KINDS])}"
        )
    return tuple(KINDS) if ALL in chosen else tuple(name for name in KINDS if name in chosen)
