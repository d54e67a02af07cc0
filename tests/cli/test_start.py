"""How the command line starts, and how it ends."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import ferkit
from docs.hooks.commands import commands
from ferkit.cli import main
from ferkit.errors import DataError, Problem, RecipeError

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("torch", "torchvision", "numpy", "albumentations", "timm", "PIL", "requests", "sklearn", "ray")
SHORT = {
    "predict": "-m -d -o -b -q",
    "export": "-d -o",
    "finetune": "-d -o",
    "bench": "-d -b -o",
    "run": "-o -q",
    "audit": "-o",
    "table": "-o",
    "data manifest": "-o",
    "weights bundle": "-o",
}
"""The short options of each command."""
SHOW_LOADED = """
import sys
from ferkit.cli import main
for typed in {typed}:
    sys.argv = ["ferkit", *typed.split()]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, typed
    print(f"LOADED by {{typed}}:", *(name for name in {heavy} if name in sys.modules))
"""


def test_what_only_lists_or_helps_loads_nothing_heavy() -> None:
    helps = [" ".join([*words, "--help"]) for words, _ in commands()]
    typed = [*helps, "data --help", "weights --help", "plugins"]
    code = SHOW_LOADED.format(typed=typed, heavy=HEAVY)
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = [line for line in answer.stdout.splitlines() if line.startswith("LOADED")]
    assert loaded == [f"LOADED by {one}:" for one in typed]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ferkit", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Makes `ferkit check` end in an error."""

    def put(error: BaseException) -> None:
        def load_recipe(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("ferkit.recipe.load.load_recipe", load_recipe)

    return put


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (
            RecipeError("a.toml", [Problem("fit", "[red]no[/red]")]),
            2,
            "a.toml: 1 problem\n  fit: [red]no[/red]\n",
        ),
        (DataError("no [image]"), 1, "no [image]\n"),
        (KeyboardInterrupt(), 130, "Stopped.\n"),
    ],
)
def test_an_error_is_its_message_and_a_status(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fail: Callable[[BaseException], None],
    error: BaseException,
    status: int,
    message: str,
) -> None:
    fail(error)
    assert run(monkeypatch, "check", "a.toml") == status
    written = capsys.readouterr()
    assert written.err.lstrip("\n") == message
    assert written.out == ""


def test_an_error_that_is_not_ferkits_own_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch, fail: Callable[[BaseException], None]
) -> None:
    fail(ZeroDivisionError("a defect"))
    monkeypatch.setattr(sys, "argv", ["ferkit", "check", "a.toml"])
    with pytest.raises(ZeroDivisionError, match="a defect"):
        main()


@pytest.mark.parametrize(
    ("typed", "message", "called"),
    [
        ("chek", "No such command 'chek'", "ferkit"),
        ("--foo run", "No such option: --foo", "ferkit"),
        ("run --log", "No such option: --log", "ferkit run"),
        ("run --set", "requires an argument", "ferkit run"),
        ("check", "Missing argument", "ferkit check"),
        ("check a.toml --sett a=1", "No such option: --sett", "ferkit check"),
        ("finetune check --epochs few", "Invalid value", "ferkit finetune"),
        ("weights fech", "No such command 'fech'", "ferkit weights"),
        ("weights list --all", "No such option: --all", "ferkit weights list"),
    ],
)
def test_a_wrong_call_points_to_the_help_of_its_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, message: str, called: str
) -> None:
    assert run(monkeypatch, *typed.split()) == 2
    written = capsys.readouterr().err
    assert message in written
    assert written.endswith(f"\nTry: {called} --help\n")


def test_the_commands_are_listed_where_none_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 2
    written = capsys.readouterr()
    assert all(command in written.out for command in ("run", "check", "plugins", "weights"))
    assert written.err == ""


@pytest.mark.parametrize("option", ["--version", "-v"])
def test_the_version_is_the_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert run(monkeypatch, option) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"ferkit {ferkit.__version__} (torch {torch.__version__}, ")
    assert "cpu" in out or "cuda" in out


def test_every_help_begins_with_a_sentence_and_ends_with_an_example_and_a_page() -> None:
    for words, command in commands():
        if not words:
            continue
        first, *_, example, page = inspect.cleandoc(command.help).split("\n\n")
        assert re.fullmatch(r"[A-Z][^.]*\.", first), words
        assert len(first) <= 62, f"{words}: the list of commands would cut the sentence"
        assert re.fullmatch(rf"Example: ferkit {' '.join(words)}( .*)?", example), words
        assert (ROOT / page.removeprefix("Docs: ")).is_file(), words


def test_short_options_and_completion_are_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, shorts in SHORT.items():
        assert run(monkeypatch, *command.split(), "--help") == 0
        out = capsys.readouterr().out
        assert all(f" {one}, --" in out for one in shorts.split()), command
    asked = {"_FERKIT_COMPLETE": "complete_bash", "COMP_WORDS": "ferkit pre", "COMP_CWORD": "1"}
    code = "import sys; sys.argv = ['ferkit']; from ferkit.cli import main; main()"
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **asked})
    assert answer.stdout.split() == ["predict"]
