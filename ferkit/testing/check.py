"""What a check is, and how one fails: with what was expected, what came and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from ferkit.components.tracebacks import describe_call

__tracebackhide__ = True  # pytest shows the test and the component, not what lies between
CheckFunction = Callable[[Any], str | None]
"""A check's function, of what is checked: raises where what it states does not hold; a text
that it returns is told, e.g. a time."""

CHECKS_BY_KIND: dict[str, list[CheckFunction]] = {}
"""The checks of each kind of component, in the order in which they run."""
BASIS: dict[str, CheckFunction] = {}
"""Of a kind, the check that others rest on: where it fails, they say nothing."""
RESTING: set[CheckFunction] = set()
"""Those others."""


class CheckFailed(AssertionError):  # noqa: N818  a verdict
    """A failed check: what was expected, what came, and how to mend it."""

    def __init__(self, expected: str, came: str, mend: str) -> None:
        self.expected, self.came, self.mend = expected, came, mend
        super().__init__(f"expected: {expected}\ncame:     {came}\nto mend:  {mend}")


class CheckSkipped(Exception):  # noqa: N818  a verdict
    """A check that can't be made here, with the reason."""


def check(
    *kinds: str, is_basis: bool = False, rests: bool = False
) -> Callable[[CheckFunction], CheckFunction]:
    """Makes a function a check of these kinds; its name is the check's, its docstring what is expected.

    is_basis: others of its kind rest on it; rests: it is one of these, and skipped where that fails.
    """

    def put(function: CheckFunction) -> CheckFunction:
        for kind in kinds:
            CHECKS_BY_KIND.setdefault(kind, []).append(function)
            if is_basis:
                BASIS[kind] = function
        if rests:
            RESTING.add(function)
        function.__globals__["__tracebackhide__"] = True
        return function

    return put


def expect(holds: bool, expected: str, came: object, mend: str) -> None:
    """Raises CheckFailed unless it holds."""
    if not holds:
        raise CheckFailed(expected, str(came), mend)


def expect_agreed(wrong: tuple[str, str] | None, mend: str) -> None:
    """Raises CheckFailed where a predicate of `ferkit.components.contract` finds something wrong."""
    if wrong:
        raise CheckFailed(*wrong, mend)


def skip(reason: str) -> NoReturn:
    raise CheckSkipped(reason)


class Checked(Protocol):
    """A component or a whole plugin. Printed as its name."""

    @property
    def provider(self) -> str: ...

    @property
    def module(self) -> str:
        """The module with its code."""

    def blocked(self, check: CheckFunction) -> str:
        """Why a check has nothing to say: what it rests on is amiss, as another check tells; else ""."""


@dataclass(frozen=True)
class Check:
    """One check of one component or plugin. Call it: it raises CheckFailed or CheckSkipped.

    Printed as `head.maxpool.answers_are_finite`, by which an expected failure is named.
    """

    subject: Checked
    function: CheckFunction

    @property
    def name(self) -> str:
        return self.function.__name__

    def __str__(self) -> str:
        return f"{self.subject}.{self.name}"

    def __call__(self) -> str | None:
        """What there is to tell of it, if anything. An error of the component's own is a failure too."""
        if reason := self.subject.blocked(self.function):
            skip(reason)
        try:
            return self.function(self.subject)
        except CheckFailed as failure:
            failure.add_note(f"{self}, provided by {self.subject.provider}")
            raise
        except CheckSkipped:
            raise
        except Exception as error:
            came = f"{type(error).__name__}: {error}"
            mend = (
                f"It is raised{describe_call(error, self.subject.module)}; a component must not raise here."
            )
            raise CheckFailed(self._expected, came, mend) from error

    @property
    def _expected(self) -> str:
        return (self.function.__doc__ or self.name).strip().splitlines()[0]
