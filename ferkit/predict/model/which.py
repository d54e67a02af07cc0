"""Choose a network of a run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

DIRECTORY = re.compile(r"repeat(\d+)_fold(\d+)")


@dataclass(frozen=True, slots=True)
class WhichNetwork:
    """A network of a run, by the training that gave it.

    Attributes:
        repeat: From 0; None for any.
        fold: From 0; None for any.
    """

    repeat: int | None = None
    fold: int | None = None

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self._given())

    def _given(self) -> list[tuple[str, int]]:
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
        """Read the name of a fold's folder, such as "repeat0_fold1"; another name gives no choice."""
        found = DIRECTORY.fullmatch(directory)
        return cls(int(found[1]), int(found[2])) if found else cls()

    def among(self, directories: Iterable[str]) -> list[str]:
        """List the folders that fit, in the order of repeats and folds."""
        known = {name: one for name in directories if (one := WhichNetwork.of(name)).is_given}
        fits = [name for name, one in known.items() if self.repeat in (None, one.repeat)]
        fits = [name for name in fits if self.fold in (None, known[name].fold)]
        return sorted(fits, key=lambda name: (known[name].repeat, known[name].fold))
