"""Conformance checks as pytest tests."""

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
    """A check that pytest can skip."""

    __test__ = False
    check: Check

    def __str__(self) -> str:
        """Return the full name of the check."""
        return str(self.check)

    def __call__(self) -> None:
        """Run the check, and print its measurement."""
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
    """Run each check of a plugin as a pytest test.

        @parametrize_with_checks("ferkit_maxpool")
        def test_conformance(check):
            check()

    Args:
        package: Name of the plugin, as for `find_checks`.
        options: Options of components, as for `find_checks`.
        expected_failures: Name of a check to the reason of its failure. The name is "answers_are_finite" for
            all components, or "head.maxpool.answers_are_finite" for one. The test fails if the check passes.
        image_size: Width and height of the images for backbones, in pixels.

    Returns:
        A decorator for a test function with the argument `check`.

    Raises:
        ComponentError: No plugin, component or check has that name, or an expected failure has no reason.
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
    """Map the full names of checks to reasons. Raises ComponentError for an unknown name."""
    checks = list(checks)
    names = {str(check): check.name for check in checks}
    known = {*names, *names.values()}
    is_broken = any(getattr(check.subject, "broken", None) for check in checks)
    if (unknown := sorted(set(expected) - known)) and not is_broken:  # another check reports the error
        raise ComponentError(
            f"expected failures: no check is called {unknown[0]!r}. {suggest(unknown[0], names.values())}"
        )
    if empty := sorted(name for name, reason in expected.items() if not reason.strip()):
        raise ComponentError(f"expected failures: {empty[0]!r} has no reason. State why it fails.")
    return {
        full: reason for full, name in names.items() if (reason := expected.get(full) or expected.get(name))
    }
