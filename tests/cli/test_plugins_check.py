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
    status, told = check("ferkit_outputs")
    assert status == 0
    assert any(line.split()[:3] == ["output.identity", "answers_are_finite", "passed"] for line in told)
    assert told[-1].startswith("ferkit_outputs: ")
    assert "failed" not in told[-1]


def test_a_failure_ends_with_1_and_says_how_to_mend_it() -> None:
    status, told = check("ferkit_outputs", "--set", "output.output_mixup.neutral=calm", "--brief")
    assert status == 1
    assert any("fix:" in line for line in told)
    assert not any(line.split()[1:3] == ["is_documented", "passed"] for line in told)


def test_an_expected_failure_is_told_with_its_reason() -> None:
    arguments = (
        "--set",
        "output.output_mixup.neutral=calm",
        "--expect",
        "output.output_mixup.is_built_from_its_options=a label = calm",
    )
    status, told = check("ferkit_outputs", *arguments)
    assert status == 0
    assert any("a label = calm" in line for line in told)


def test_a_narrow_terminal_keeps_the_names_of_checks_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, told = check("ferkit_outputs")
    assert "  passed   keeps_no_tensor_outside_its_state" in told[told.index("output.identity") :]
    assert max(map(len, told)) <= 80


@pytest.mark.parametrize("setting", ["initial=1", "output.output_mixup=1", "output"])
def test_an_option_that_is_not_written_right_is_told(setting: str) -> None:
    with pytest.raises(ComponentError, match="expected K"):
        check("ferkit_outputs", "--set", setting)
