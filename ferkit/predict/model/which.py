"""Choose a network of a run, or all networks of a repeat."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import Literal

from ferkit.errors import RunError
from ferkit.evaluation.run_files import REFIT
from ferkit.messages import shorten

DIRECTORY = re.compile(r"repeat(\d+)_fold(\d+)")
FoldChoice = int | Literal["all", "refit"]
"""A fold from 0, "all" folds of a repeat, or the "refit" network, which all images trained."""
EXPECTED = 'expected a number from 0, "all" or "refit"'


@dataclass(frozen=True, slots=True)
class WhichNetwork:
    """A network of a run, by the training that gave it, or all networks of a repeat.

    Attributes:
        repeat: From 0; None for any.
        fold: From 0; "all" for the mean of a repeat's folds; "refit"; None for any.

    Raises:
        RunError: A value is out of range, or a repeat is given with "refit".
    """

    repeat: int | None = None
    fold: FoldChoice | None = None

    def __post_init__(self) -> None:
        if self.fold not in (None, "all", REFIT) and not _is_count(self.fold):
            raise RunError(f"fold: {EXPECTED}, got {shorten(repr(self.fold))}")
        if self.repeat is not None and not _is_count(self.repeat):
            raise RunError(f"repeat: expected a number from 0, got {shorten(repr(self.repeat))}")
        if self.fold == REFIT and self.repeat is not None:
            raise RunError(
                f"Cannot use repeat {self.repeat} with fold {REFIT!r}: a run has one refit network, which "
                "belongs to no repeat. Drop the repeat."
            )

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self._given())

    def _given(self) -> list[tuple[str, FoldChoice]]:
        both = (("repeat", self.repeat), ("fold", self.fold))
        return [(name, value) for name, value in both if value is not None]

    @property
    def is_given(self) -> bool:
        return self != WhichNetwork()

    @property
    def options(self) -> str:
        """Options of the command line that choose it."""
        return " ".join(f"--{name} {value}" for name, value in self._given())

    @classmethod
    def of(cls, directory: str) -> WhichNetwork:
        """Read the name of a network's folder: "repeat0_fold1" or "refit". Another name gives no choice."""
        if directory == REFIT:
            return cls(fold="refit")
        found = DIRECTORY.fullmatch(directory)
        return cls(int(found[1]), int(found[2])) if found else cls()

    def among(self, directories: Iterable[str]) -> list[str]:
        """List the folds' folders that fit, in the order of repeats and folds. "all" fits every fold."""
        known = {
            name: (int(one[1]), int(one[2])) for name in directories if (one := DIRECTORY.fullmatch(name))
        }
        fits = [name for name, (repeat, _) in known.items() if self.repeat in (None, repeat)]
        fits = [name for name in fits if self.fold in (None, "all", known[name][1])]
        return sorted(fits, key=lambda name: known[name])


def _is_count(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 0
