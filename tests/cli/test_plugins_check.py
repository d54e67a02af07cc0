"""`ferkit plugins check`."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from ferkit.cli import app
from ferkit.errors import ComponentError

Lines = list[str]


def check(*arguments: str) -> tuple[int, Lines]:
    answer = CliRunner().invoke(app, ["plugins", "check", *arguments])
    if answer.exception and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    return answer.exit_code, answer.output.splitlines()


def test_a_right_plugin_ends_with_0_and_a_line_that_counts() -> None:
    status, told = check("ferkit_linear")
    assert status == 0
    assert any(line.split()[:3] == ["head.linear", "answers_are_finite", "passed"] for line in told)
    assert told[-1].startswith("ferkit_linear: 3")
    assert "failed" not in told[-1]


def test_a_failure_ends_with_1_and_says_how_to_mend_it() -> None:
    status, told = check("ferkit_linear", "--set", "head.linear.dropout=1.5", "--brief")
    assert status == 1
    assert any("to mend:" in line for line in told)
    assert not any(line.split()[1:3] == ["is_documented", "passed"] for line in told)


def test_an_expected_failure_is_told_with_its_reason() -> None:
    arguments = ("--set", "head.linear.dropout=1.5", "--expect", "is_built_from_its_options=a share = 1.5")
    status, told = check("ferkit_linear", *arguments)
    assert status == 0
    assert any("a share = 1.5" in line for line in told)


@pytest.mark.parametrize("setting", ["dropout=1", "head.linear=1", "head"])
def test_an_option_that_is_not_written_right_is_told(setting: str) -> None:
    with pytest.raises(ComponentError, match="expected K"):
        check("ferkit_linear", "--set", setting)
