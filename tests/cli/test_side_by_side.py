"""`ferkit run --protocols` as it is typed."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from ferkit.experiment.run import RunRequest
from ferkit.experiment.run_names import finished_runs
from ferkit.recipe.load import read_protocols
from ferkit.recipe.parse import dump_recipe
from tests.cli.test_table import ferkit

RECIPE = """\
name = "plain"
data = { name = "synthetic", per_class = 6 }
detector = { name = "whole_image" }

[estimator]
name = "svm"
inner_by = "none"

[protocol]
name = "paper"
repeats = 1
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("plain.toml").write_text(RECIPE)
    return tmp_path


def test_the_runs_have_folders_of_their_own_and_the_last_line_is_the_leak(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("run", "plain.toml", "--quiet", "--set", 'protocols=["paper", "person"]')
    assert ferkit(monkeypatch, *arguments) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(r"random [\d.]+  persons [\d.]+  leak -?[\d.]+ points \(-?[\d.]+ to -?[\d.]+\)", line)
    runs = finished_runs()
    assert sorted(run.name for run in runs) == ["paper", "person"]
    assert not any("protocols" in (run / "recipe.toml").read_text() for run in runs)
    summaries = {run.name: json.loads((run / "summary.json").read_text()) for run in runs}
    assert summaries["person"]["protocol"]["by"] == "person"
    assert all("<h2>Protocols</h2>" in (run / "report.html").read_text() for run in runs)

    assert ferkit(monkeypatch, *arguments, "--resume") == 0
    assert capsys.readouterr().out.splitlines()[-1] == line
    assert finished_runs() == runs
    assert ferkit(monkeypatch, "table", str(runs[0].parent), "--format", "csv") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_an_interrupted_run_prints_the_command_that_resumes_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[RunRequest] = []

    def interrupt(order: RunRequest, *_: object) -> None:
        seen.append(order)
        if len(seen) % 2:
            raise KeyboardInterrupt
        order.folder.mkdir(parents=True, exist_ok=True)
        (order.folder / "recipe.toml").write_text(dump_recipe(order.recipe, order.registry))

    monkeypatch.setattr("ferkit.experiment.run.run", interrupt)
    words = ("--protocols", "person,random")
    assert ferkit(monkeypatch, "run", "plain.toml", *words, "--out", "all") == 130
    command = "ferkit run plain.toml --protocols person,random --out all --resume"
    assert command in capsys.readouterr().err
    monkeypatch.setattr(sys.modules["ferkit.cli.run"], "show_scores", lambda folder: None)
    assert ferkit(monkeypatch, *command.split()[1:]) == 130
    assert ferkit(monkeypatch, *command.split()[1:]) == 130
    assert [(str(one.folder), one.is_resumed) for one in seen] == [
        ("all/person", False),
        ("all/person", False),
        ("all/random", False),
        ("all/person", True),
        ("all/random", False),
    ]


def test_the_key_of_a_recipe_can_be_changed() -> None:
    Path("listed.toml").write_text('protocols = ["paper", "person"]\n' + RECIPE)
    assert read_protocols("listed.toml") == "paper,person"
    assert read_protocols("listed.toml", ["protocols=[]"]) is None
    assert read_protocols("plain.toml") is None


def test_a_wrong_word_lists_those_of_the_data(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ferkit(monkeypatch, "run", "plain.toml", "--protocols", "paper,movie") == 1
    told = capsys.readouterr().err
    assert "'movie' is no protocol of these data" in told
    assert "nested-person" in told


def test_folds_that_are_impossible_are_refused_before_the_first_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    many = ("--set", "protocol.folds=50")
    assert ferkit(monkeypatch, "run", "plain.toml", *many, "--protocols", "paper,person", "--out", "all") == 1
    assert "50 stratified folds need" in capsys.readouterr().err
    assert not Path("all").exists()


def test_the_folder_of_one_run_is_not_taken_for_several(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("one").mkdir()
    Path("one/recipe.toml").touch()
    assert ferkit(monkeypatch, "run", "plain.toml", "--protocols", "paper", "--out", "one") == 1
    assert "it is the folder of one run" in capsys.readouterr().err
    assert ferkit(monkeypatch, "run", "plain.toml", "--protocols", "paper", "--resume") == 1
    assert "runs/ has no run of this recipe with several protocols" in capsys.readouterr().err


def test_runs_that_differ_in_more_than_the_protocol_get_no_common_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pretend(order: RunRequest, *_: object) -> None:
        order.folder.mkdir(parents=True)
        (order.folder / "recipe.toml").write_text(dump_recipe(order.recipe, order.registry))

    monkeypatch.setattr("ferkit.experiment.run.run", pretend)
    monkeypatch.setattr(sys.modules["ferkit.cli.run"], "show_scores", lambda folder: None)
    monkeypatch.setattr("ferkit.report.render", lambda folder: folder)
    command = ["run", "plain.toml", "--out", "all", "--protocols"]
    assert ferkit(monkeypatch, *command, "random") == 0
    assert ferkit(monkeypatch, *command, "person", "--set", "data.per_class=7") == 1
    assert "random has data.per_class" in capsys.readouterr().err
    assert ferkit(monkeypatch, *command, "person,random") == 1
    assert "contains a run random already" in capsys.readouterr().err
    assert not Path("all/person").exists()
    assert ferkit(monkeypatch, *command, "person") == 0
