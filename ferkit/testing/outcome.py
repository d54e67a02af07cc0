"""Run checks one after the other."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ferkit.testing.check import Check, CheckFailed, CheckSkipped
from ferkit.testing.parametrize import match_failures

Status = Literal["passed", "failed", "skipped", "expected"]


@dataclass(frozen=True)
class Outcome:
    """The result of a check.

    Attributes:
        check: The check.
        status: "passed", "failed", "skipped", or "expected" for an expected failure.
        told: Reason, measurement or error message, or "".
    """

    check: Check
    status: Status
    told: str = ""


def run_checks(checks: Iterable[Check], expected_failures: Mapping[str, str]) -> Iterator[Outcome]:
    """Run checks in order. An expected failure that passes is a failure.

    Args:
        checks: The checks, from `find_checks`.
        expected_failures: Name of a check to the reason of its failure, as for `parametrize_with_checks`.

    Returns:
        An iterator that runs a check for each outcome.

    Raises:
        ComponentError: `expected_failures` has an unknown name or no reason. No check has run.
    """
    checks = list(checks)
    reasons = match_failures(checks, expected_failures)
    return (_run(check, reasons.get(str(check), "")) for check in checks)


def _run(check: Check, reason: str) -> Outcome:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            told = check() or ""
    except CheckSkipped as why:
        return Outcome(check, "skipped", str(why))
    except CheckFailed as failure:
        return Outcome(check, "expected", reason) if reason else Outcome(check, "failed", str(failure))
    if reason:
        return Outcome(
            check, "failed", f"it passes, but was expected to fail: {reason}. Remove the expected failure."
        )
    return Outcome(check, "passed", told)
