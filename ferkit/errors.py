"""Exceptions that ferkit raises on purpose.

FerkitError
├── RecipeError         invalid recipe; lists every problem
├── ComponentError      component that cannot be found, imported or built
├── DataError           image, folder or label that cannot be used
├── WeightsError        weights file that is missing, broken or unexpected
└── RunError            run folder that cannot be written or resumed
    └── DivergenceError training whose numbers are no longer finite

Each message gives the expected and the actual value, and the fix. The command line prints it unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class FerkitError(Exception):
    """Base class of all exceptions of ferkit."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a recipe.

    Attributes:
        where: Key of the recipe, such as `fit.epochs`.
        message: The problem, with the expected and the actual value.
        hint: How to fix it, or "".
    """

    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Return key, message and hint as lines."""
        lines = [*self.message.splitlines(), *self.hint.splitlines()]
        return f"{self.where}: " + "\n    ".join(lines)


class RecipeError(FerkitError):
    """The recipe is invalid.

    Attributes:
        source: The recipe's file or name.
        problems: All problems of the recipe, not only the first.
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        """List the problems, one a line, as the message.

        Args:
            source: The recipe's file or name.
            problems: All problems of the recipe.
        """
        self.source = source
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = [f"{source}: {count}", *(f"  {problem}" for problem in problems)]
        super().__init__("\n".join(lines))


class ComponentError(FerkitError):
    """A component cannot be found, imported or built."""


class DataError(FerkitError):
    """An image, folder or label cannot be used."""


class WeightsError(FerkitError):
    """A weights file is missing, broken or not the expected one."""


class RunError(FerkitError):
    """A run folder cannot be written or resumed."""


class DivergenceError(RunError):
    """The numbers of a training are no longer finite."""
