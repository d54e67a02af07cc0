"""Checks, and failures with the expected value, the actual value and the fix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from ferkit.components.tracebacks import describe_call

__tracebackhide__ = True  # pytest shows the test and the component, not the code between them
CheckFunction = Callable[[Any], str | None]
"""Function of a check: it raises if the component fails. A returned text, such as a time, is printed."""

CHECKS_BY_KIND: dict[str, list[CheckFunction]] = {}
"""Kind of component to its checks, in the order in which they run."""
BASIS: dict[str, CheckFunction] = {}
"""Kind to the check that others depend on. If it fails, these are skipped."""
RESTING: set[CheckFunction] = set()
"""The checks that depend on a check of `BASIS`."""


class CheckFailed(AssertionError):  # noqa: N818  a verdict
    """A check failed.

    Attributes:
        expected: The expected value or behaviour.
        got: The actual value or behaviour.
        fix: How to fix it.
    """

    def __init__(self, expected: str, got: str, fix: str) -> None:
        """Write the three texts, one a line, as the message.

        Args:
            expected: The expected value or behaviour.
            got: The actual value or behaviour.
            fix: How to fix it.
        """
        self.expected, self.got, self.fix = expected, got, fix
        super().__init__(f"expected: {expected}\ngot:      {got}\nfix:      {fix}")


class CheckSkipped(Exception):  # noqa: N818  a verdict
    """A check does not apply here. The message is the reason."""


def check(
    *kinds: str, is_basis: bool = False, rests: bool = False
) -> Callable[[CheckFunction], CheckFunction]:
    """Register a function as a check. Its docstring states the expected behaviour.

    Args:
        kinds: Kinds of component that the check applies to.
        is_basis: Other checks of the kind depend on this one.
        rests: The check depends on the basis of its kind. It is skipped if the basis fails.
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


def expect(holds: bool, expected: str, got: object, fix: str) -> None:
    """Raise CheckFailed unless the condition holds."""
    if not holds:
        raise CheckFailed(expected, str(got), fix)


def expect_agreed(wrong: tuple[str, str] | None, fix: str) -> None:
    """Raise CheckFailed for a violation, (expected, got), found by `ferkit.components.contract`."""
    if wrong:
        raise CheckFailed(*wrong, fix)


def skip(reason: str) -> NoReturn:
    """Raise CheckSkipped."""
    raise CheckSkipped(reason)


class Checked(Protocol):
    """A component or a plugin under test. `str` gives its name."""

    @property
    def provider(self) -> str:
        """Name and version of the plugin."""

    @property
    def module(self) -> str:
        """Name of the module with its code."""

    def blocked(self, check: CheckFunction) -> str:
        """Return the reason to skip a check, such as a failed basis, or ""."""


@dataclass(frozen=True)
class Check:
    """One check of one component or plugin. Call it to run the check.

    `str` gives its full name, such as `head.maxpool.answers_are_finite`. Expected failures use this name.

    Attributes:
        subject: The component or plugin.
        function: The function of the check.
    """

    subject: Checked
    function: CheckFunction

    @property
    def name(self) -> str:
        """Name of the check, without the component."""
        return self.function.__name__

    def __str__(self) -> str:
        """Return the full name."""
        return f"{self.subject}.{self.name}"

    def __call__(self) -> str | None:
        """Run the check. Any exception of the component is a failure.

        Returns:
            A measurement, such as a time, or None.

        Raises:
            CheckFailed: The component does not behave as expected.
            CheckSkipped: The check does not apply.
        """
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
            got = f"{type(error).__name__}: {error}"
            fix = f"It is raised{describe_call(error, self.subject.module)}. A component must not raise here."
            raise CheckFailed(self._expected, got, fix) from error

    @property
    def _expected(self) -> str:
        return (self.function.__doc__ or self.name).strip().splitlines()[0]
