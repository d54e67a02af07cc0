"""Everything that ferkit raises on purpose.

FerkitError
├── RecipeError         a recipe that can't be run; carries every problem found
├── ComponentError      a component that can't be named, imported or built
├── DataError           an image, folder or label that can't be used
├── WeightsError        a weights file that is missing, broken or not the one expected
└── RunError            a run's folder that can't be written or gone on with

The message says what was expected, what came and what to do; the command line prints it as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class FerkitError(Exception):
    """What every error of ferkit's own derives from."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a recipe: where (`fit.epochs`), what, and what to do about it."""

    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        lines = [*self.message.splitlines(), *self.hint.splitlines()]
        return f"{self.where}: " + "\n    ".join(lines)


class RecipeError(FerkitError):
    """A recipe that can't be run; `problems` holds everything found wrong, not only the first."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"{source}: {count}", *(f"  {problem}" for problem in problems)]
        super().__init__("\n".join(lines))


class ComponentError(FerkitError):
    """A component that can't be named, imported or built."""


class DataError(FerkitError):
    """An image, folder or label that can't be used."""


class WeightsError(FerkitError):
    """A weights file that is missing, broken or not the one expected."""


class RunError(FerkitError):
    """A run's folder that can't be written or gone on with."""
