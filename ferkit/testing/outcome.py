"""Checks, run one after the other, and what each came to."""

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
    """A check and what it came to; told: a reason, a measurement, or how it failed."""

    check: Check
    status: Status
    told: str = ""


def run_checks(checks: Iterable[Check], expected_failures: Mapping[str, str]) -> Iterator[Outcome]:
    """Each in turn; an expected failure that passes is a failure. Raises ComponentError before the first."""
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
        return Outcome(check, "failed", f"it passes, but was expected to fail: {reason}. Take that out.")
    return Outcome(check, "passed", told)
