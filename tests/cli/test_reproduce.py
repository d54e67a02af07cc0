"""`ferkit reproduce` as it is typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ferkit.errors import RunError
from ferkit.experiment.run import RunRequest
from tests.cli.test_side_by_side import RECIPE
from tests.cli.test_table import ferkit

TABLE = """
name = "small"
title = "A small table"
source = "Nobody"

[[row]]
place = 2
row = "Without data"
accuracy = 20
recipes = ["absent"]

[[row]]
place = 1
row = "A plain system"
accuracy = 10
recipes = ["plain"]
"""
ABSENT = RECIPE.replace('"synthetic", per_class = 6', '"folders", root = "no/such/folder"')


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("plain.toml").write_text(RECIPE)
    Path("absent.toml").write_text(ABSENT)
    Path("small.toml").write_text(TABLE)
    return tmp_path


def test_recipes_that_can_run_are_run_once_and_the_others_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ferkit(monkeypatch, "reproduce", "small.toml", "--quiet") == 0
    told = capsys.readouterr().out
    assert "0 finished, 1 to run, 1 skipped" in told
    assert "skipped: absent: data" in told
    assert re.search(r"A plain system.*10.0.*\d\d\.\d.*", told)
    assert Path("runs/small/plain/summary.json").exists()
    assert ferkit(monkeypatch, "reproduce", "small.toml", "--quiet") == 0
    assert "1 finished, 0 to run, 1 skipped" in capsys.readouterr().out
    assert ferkit(monkeypatch, "reproduce", "small.toml", "--set", "data.per_class=7") == 1
    assert "its recipe differs in data" in capsys.readouterr().err


def test_a_failed_run_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[str] = []

    def fail(order: RunRequest, *_: object) -> None:
        started.append(str(order.folder))
        raise RunError("the loss became nan")

    monkeypatch.setattr("ferkit.experiment.run.run", fail)
    words = (
        "reproduce",
        "small.toml",
        "--protocols",
        "paper,person",
        "--out",
        "all",
        "--quiet",
        "--jobs",
        "2",
    )
    assert ferkit(monkeypatch, *words) == 1
    assert started == ["all/plain/paper", "all/plain/person"]
    told = capsys.readouterr().err
    assert "failed: plain, person: the loss became nan" in told
    assert "plain, paper, plain, person failed. Finished runs: 0, skipped recipes: 1" in told


def test_a_wrong_table_or_option_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ferkit(monkeypatch, "reproduce", "sfeew") == 1
    assert "sfew" in capsys.readouterr().err
    assert ferkit(monkeypatch, "reproduce", "small.toml", "--cpus", "2") == 2
    assert "--on ray" in capsys.readouterr().err
