"""The checks as tests of pytest, in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferkit.errors import ComponentError
from ferkit.messages import suggest
from ferkit.testing.check import Check, CheckFailed, CheckSkipped
from ferkit.testing.component_under_test import Options
from ferkit.testing.suite import find_checks

if TYPE_CHECKING:
    import pytest


__tracebackhide__ = True


@dataclass(frozen=True)
class Test:
    """A check whose skipping pytest understands."""

    __test__ = False
    check: Check

    def __str__(self) -> str:
        return str(self.check)

    def __call__(self) -> None:
        import pytest

        try:
            told = self.check()
        except CheckSkipped as reason:
            pytest.skip(str(reason))
        if told:
            print(f"{self}: {told}")


def parametrize_with_checks(
    package: str,
    options: Mapping[str, Options] | None = None,
    expected_failures: Mapping[str, str] | None = None,
    image_size: int = 96,
) -> pytest.MarkDecorator:
    """Makes a test of each check of a plugin:

        @parametrize_with_checks("ferkit_maxpool")
        def test_conformance(check):
            check()

    options, image_size: as for `find_checks`. expected_failures: a check's name ("answers_are_finite", or
    "head.maxpool.answers_are_finite" for one component's) -> why it fails. One that passes fails the test.
    """
    import pytest

    checks = find_checks(package, options, image_size)
    failures = match_failures(checks, expected_failures or {})
    params = []
    for check in checks:
        reason = failures.get(str(check))
        marks = [pytest.mark.xfail(reason=reason, strict=True, raises=CheckFailed)] if reason else []
        params.append(pytest.param(Test(check), marks=marks, id=str(check)))
    return pytest.mark.parametrize("check", params)


def match_failures(checks: Iterable[Check], expected: Mapping[str, str]) -> dict[str, str]:
    """The reasons by each check's full name. Raises ComponentError for a name that no check has."""
    checks = list(checks)
    names = {str(check): check.name for check in checks}
    known = {*names, *names.values()}
    is_broken = any(getattr(check.subject, "broken", None) for check in checks)
    if (unknown := sorted(set(expected) - known)) and not is_broken:  # why it is, a check tells
        raise ComponentError(
            f"expected failures: no check is called {unknown[0]!r}. {suggest(unknown[0], names.values())}"
        )
    if empty := sorted(name for name, reason in expected.items() if not reason.strip()):
        raise ComponentError(f"expected failures: {empty[0]!r} has no reason; say why it fails")
    return {
        full: reason for full, name in names.items() if (reason := expected.get(full) or expected.get(name))
    }
