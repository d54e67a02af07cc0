"""`ferkit plugins`, piped and in narrow terminals."""

from __future__ import annotations

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ferkit.cli import app
from ferkit.cli.plugins import list_plugins
from ferkit.components.component import Component
from ferkit.components.registry import BrokenPlugin, Registry


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    long = "A summary of so many words that eighty columns have no room for all of them in one line"
    components = [
        Component("head", "pooling_of_all_kinds", "a:B", long),
        Component("loss", "[red]", "a:C", ""),
    ]
    registry.add(components, "ferkit_pooling (pooling 1.2)")
    registry.broken.append(BrokenPlugin("bad (bad 0.1)", "it can't be imported: [no] module", "Update it"))
    monkeypatch.setattr("ferkit.components.discovery.load_plugins", lambda: registry)


def test_in_a_pipe_each_component_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    list_plugins()
    told = [line.strip() for line in capsys.readouterr().out.splitlines()]
    (head,) = [line for line in told if line.startswith("head")]
    assert "pooling_of_all_kinds" in head
    assert "in one line" in head
    assert head.endswith("ferkit_pooling (pooling 1.2)")


def test_what_is_broken_is_told_after_the_table_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    list_plugins()
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "broken: bad (bad 0.1): it can't be imported: [no] module. Update it"


def test_what_a_plugin_says_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    list_plugins()
    assert "[red]" in capsys.readouterr().out


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_terminal_keeps_names_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    terminal = Console(force_terminal=True, width=width, color_system=None)
    monkeypatch.setattr("rich.console.Console", lambda: terminal)
    list_plugins()
    told = capsys.readouterr().out.splitlines()
    table = told[: next(number for number, line in enumerate(told) if line.startswith("broken"))]
    assert max(map(len, table)) <= width
    assert any("pooling_of_all_kinds" in line for line in table)


@pytest.mark.parametrize("arguments", [["plugins"], ["plugins", "list"]])
def test_columns_limits_the_width_in_a_pipe(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    table = CliRunner().invoke(app, arguments).output.partition("broken")[0]
    assert "pooling_of_all_kinds" in table
    assert max(map(len, table.splitlines())) <= 80
