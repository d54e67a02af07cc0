"""The checks as tests, and failures that are expected."""

from __future__ import annotations

import pytest
from _pytest.outcomes import Skipped

from ferkit.errors import ComponentError
from ferkit.testing import Check, find_checks, parametrize_with_checks, run_checks
from ferkit.testing.check import CheckFailed, expect, skip
from ferkit.testing.checks.plugin import Plugin
from ferkit.testing.parametrize import Test, match_failures

FINITE = "output.identity.answers_are_finite"
SUBJECT = Plugin("of_a_test", "of_a_test (named by a test)")


def holds(plugin: Plugin) -> str:
    return "1 ms"


def breaks(plugin: Plugin) -> None:
    expect(False, "an egg", "a stone", "Ask a hen.")


def raises(plugin: Plugin) -> None:
    """An egg."""
    raise ZeroDivisionError("no hen")


def is_skipped(plugin: Plugin) -> None:
    skip("no hen here")


CHECKS = [Check(SUBJECT, one) for one in (holds, breaks, raises, is_skipped)]


def test_each_check_is_a_test_of_its_own_name() -> None:
    mark = parametrize_with_checks("ferkit_outputs").mark
    assert mark.args[0] == "check"
    names = [param.id for param in mark.args[1]]
    assert names[0] == "ferkit_outputs.offers_components"
    assert FINITE in names
    assert len(set(names)) == len(names) == len(find_checks("ferkit_outputs"))


def test_an_expected_failure_is_a_strict_xfail_with_its_reason() -> None:
    mark = parametrize_with_checks("ferkit_outputs", expected_failures={FINITE: "it is so"}).mark
    (param,) = [one for one in mark.args[1] if one.marks]
    assert param.id == FINITE
    assert param.marks[0].kwargs == {"reason": "it is so", "strict": True, "raises": CheckFailed}


def test_a_test_tells_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    Test(CHECKS[0])()
    assert capsys.readouterr().out == "of_a_test.holds: 1 ms\n"


def test_a_test_of_what_cannot_be_checked_is_skipped() -> None:
    with pytest.raises(Skipped, match="no hen here"):
        Test(CHECKS[3])()


def test_a_failure_names_the_check_and_who_provides_it() -> None:
    with pytest.raises(CheckFailed) as caught:
        Test(CHECKS[1])()
    assert str(caught.value) == "expected: an egg\ngot:      a stone\nfix:      Ask a hen."
    assert caught.value.__notes__ == ["of_a_test.breaks, provided by of_a_test (named by a test)"]


def test_an_error_of_the_components_own_is_a_failure_with_its_cause() -> None:
    with pytest.raises(
        CheckFailed, match=r"expected: An egg.\ngot:      ZeroDivisionError: no hen"
    ) as caught:
        CHECKS[2]()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_run_checks_tells_what_each_came_to() -> None:
    outcomes = list(run_checks(CHECKS, {"of_a_test.breaks": "a stone is fine", "holds": "no reason"}))
    assert [(one.status, one.told.splitlines()[0]) for one in outcomes] == [
        ("failed", "it passes, but was expected to fail: no reason. Remove the expected failure."),
        ("expected", "a stone is fine"),
        ("failed", "expected: An egg."),
        ("skipped", "no hen here"),
    ]


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        ({"brakes": "why"}, "no check is called 'brakes'. Did you mean 'breaks'"),
        ({"breaks": " "}, "'breaks' has no reason"),
    ],
)
def test_expected_failures_are_checked_themselves(expected: dict[str, str], problem: str) -> None:
    with pytest.raises(ComponentError, match=problem):
        match_failures(CHECKS, expected)
