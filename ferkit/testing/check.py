"""What a check is, and how one fails: with what was expected, what came and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

Fact = Callable[[Any], str | None]
"""A check's function, of what is checked: raises where the fact does not hold; a text that it returns is
told, e.g. a time."""

FACTS: dict[str, list[Fact]] = {}
"""The facts of each kind of component, in the order in which they are checked."""


class CheckFailed(AssertionError):  # noqa: N818  a verdict
    """A fact that does not hold: what was expected, what came, and how to mend it."""

    def __init__(self, expected: str, came: str, mend: str) -> None:
        self.expected, self.came, self.mend = expected, came, mend
        super().__init__(f"expected: {expected}\ncame:     {came}\nto mend:  {mend}")


class CheckSkipped(Exception):  # noqa: N818  a verdict
    """A fact that can't be checked here, with the reason."""


def fact(*kinds: str) -> Callable[[Fact], Fact]:
    """Makes a function a check of these kinds; its name is the check's, its docstring what is expected."""

    def put(function: Fact) -> Fact:
        for kind in kinds:
            FACTS.setdefault(kind, []).append(function)
        return function

    return put


def expect(holds: bool, expected: str, came: object, mend: str) -> None:
    """Raises CheckFailed unless it holds."""
    if not holds:
        raise CheckFailed(expected, str(came), mend)


def skip(reason: str) -> NoReturn:
    raise CheckSkipped(reason)


class Checked(Protocol):
    """A component or a whole plugin. Printed as its name."""

    @property
    def provider(self) -> str: ...


@dataclass(frozen=True)
class Check:
    """One fact about one component or plugin. Call it: it raises CheckFailed or CheckSkipped.

    Printed as `head.maxpool.logits_are_finite`, by which an expected failure is named.
    """

    subject: Checked
    fact: Fact

    @property
    def name(self) -> str:
        return self.fact.__name__

    def __str__(self) -> str:
        return f"{self.subject}.{self.name}"

    def __call__(self) -> str | None:
        """What there is to tell of it, if anything. An error of the component's own is a failure too."""
        try:
            return self.fact(self.subject)
        except CheckFailed as failure:
            failure.add_note(f"{self}, provided by {self.subject.provider}")
            raise
        except CheckSkipped:
            raise
        except Exception as error:
            came = f"{type(error).__name__}: {error}"
            mend = "The traceback above shows where it is raised; a component must not raise here."
            raise CheckFailed(self._expected, came, mend) from error

    @property
    def _expected(self) -> str:
        return (self.fact.__doc__ or self.name).strip().splitlines()[0]
