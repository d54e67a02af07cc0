"""What goes wrong in this field without a word, caught on the way through the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ferkit.plugin import Component, Epoch, Face, Sample, hookimpl
from tests.cli.test_table import ferkit

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
RECIPE = """
name = "squares"
plugins = ["tests.cli.test_trust"]
data = {{ name = "filmed", root = "{root}" }}
detector = {{ name = "whole_image" }}
estimator = {{ name = "knowing", is_mixed_up = {mixed} }}

[paper]
row = "A row"
accuracy = 100.0

[protocol]
repeats = 2
{protocol}
"""


@hookimpl
def ferkit_components() -> list[Component]:
    here = "tests.cli.test_trust"
    return [
        Component("dataset", "filmed", f"{here}:Filmed", "Squares of eight movies"),
        Component("estimator", "knowing", f"{here}:Knowing", "Reads the label off the file's name"),
    ]


class Filmed:
    """Three classes of 16 squares, two in each of eight movies."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def problems(self) -> list[str]:
        return []

    def samples(self) -> list[Sample]:
        from tests.plugins_for_tests.tiny_plugin import Squares

        squares = Squares(self.root, 16, ("anger", "fear", "neutral")).samples()
        return [
            Sample(one.path, one.label, {"movie": f"m{number % 8}"}) for number, one in enumerate(squares)
        ]


class Knowing:
    """Right nine times in ten; or so it would be, if its columns were in the order of the labels."""

    def __init__(self, labels: Sequence[str], is_mixed_up: bool = False, problem: str = "") -> None:
        self.labels = labels
        self.is_mixed_up = is_mixed_up
        self.problem = problem

    def fit(self, train: Sequence[Face], validation: Sequence[Face]) -> Iterator[Epoch]:
        if self.problem == "silent":
            return
        for number in (1, 2):
            yield Epoch(number, 0.0, 0.0, 0.0, self.predict(validation), 0.0, 0.0)

    def predict(self, faces: Sequence[Face]) -> NDArray[np.float64]:
        found = np.full((len(faces), len(self.labels)), 0.1)
        for row, face in enumerate(faces):
            label, number = face.sample.path.stem.split("_")
            column = list(self.labels).index(label) + (int(number) % 10 == 0)
            found[row, (column + self.is_mixed_up) % len(self.labels)] = 0.8
        faulty = {"missing": found * np.nan, "short": found[1:], "unsure": found / 2}
        return faulty.get(self.problem, found)


def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    protocol: str = 'name = "paper"',
    is_mixed_up: bool = False,
) -> tuple[int, Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(ROOT)
    file = tmp_path / "squares.toml"
    mixed = str(is_mixed_up).lower()
    file.write_text(RECIPE.format(root=tmp_path / "squares", protocol=protocol, mixed=mixed))
    return ferkit(monkeypatch, "run", str(file), "--out", str(tmp_path / "run")), tmp_path / "run"


def test_a_test_selected_score_says_so_in_the_terminal_the_file_and_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, folder = run(tmp_path, monkeypatch)
    assert status == 0
    last, mark, best, common, *_ = capsys.readouterr().out.partition("Last epoch: ")[2].splitlines()
    assert "95% interval" in last
    assert "optimistic" in mark.lower()
    assert best.startswith("  Best epoch of each fold, chosen on the test fold: ")
    assert common.startswith("  Best epoch of all folds together, chosen on the test folds: ")
    scores = json.loads((folder / "summary.json").read_text())["scores"]
    assert {key: one["selected_on_test"] for key, one in scores.items()} == {
        "last_epoch": False,
        "best_epoch": True,
        "best_common_epoch": True,
    }
    assert next(iter(scores)) == "last_epoch"
    page = (folder / "report.html").read_text()
    assert page.count("optimistic") == 1
    assert page.index("Last epoch") < page.index("Best epoch") < page.index("optimistic")


@pytest.mark.parametrize("protocol", ["", 'name = "nested"'])
def test_by_default_a_score_is_chosen_inside_and_nothing_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], protocol: str
) -> None:
    status, folder = run(tmp_path, monkeypatch, protocol)
    assert status == 0
    written = capsys.readouterr().out
    assert "validation loss" in written
    assert "optimistic" not in written.lower()
    summary = json.loads((folder / "summary.json").read_text())
    assert list(summary["scores"]) == ["chosen_epoch"]
    assert summary["scores"]["chosen_epoch"]["clusters"]["movie"] == 8
    assert summary["protocol"]["name"] == "nested"
    assert "optimistic" not in (folder / "report.html").read_text()
    assert not list(folder.rglob("predictions_best.csv"))


def test_folds_that_movies_cross_are_told_with_the_share_and_grouped_ones_are_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folder = run(tmp_path, monkeypatch)
    warnings = json.loads((folder / "summary.json").read_text())["warnings"]
    assert any("87.5% of the test images have another image of the same movie" in one for one in warnings)
    (tmp_path / "grouped").mkdir()
    _, folder = run(tmp_path / "grouped", monkeypatch, 'name = "grouped"')
    assert not json.loads((folder / "summary.json").read_text())["warnings"]


def test_a_permuted_label_order_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, folder = run(tmp_path, monkeypatch, is_mixed_up=True)
    assert status == 0
    told = "The labels may be in a wrong order: the predictions match far better with anger for neutral"
    assert told in capsys.readouterr().out
    assert any(told in one for one in json.loads((folder / "summary.json").read_text())["warnings"])
    assert told in (folder / "report.html").read_text()
    (tmp_path / "straight").mkdir()
    run(tmp_path / "straight", monkeypatch)
    assert "wrong order" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        ("missing", "returned numbers that are not probabilities; expected 6 rows of 3"),
        ("short", "returned an array of shape (5, 3)"),
        ("unsure", "returned rows whose sum differs from 1 by 0.5"),
        ("silent", "yielded no epoch for repeat0_fold0"),
    ],
)
def test_an_estimator_whose_answers_are_no_probabilities_is_named(
    problem: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(ROOT)
    file = tmp_path / "squares.toml"
    file.write_text(RECIPE.format(root=tmp_path / "squares", protocol="", mixed="false"))
    out = ["--out", str(tmp_path / "run")]
    assert ferkit(monkeypatch, "run", str(file), "--set", f"estimator.problem={problem}", *out) == 1
    told = capsys.readouterr().err
    assert told.startswith("the estimator 'knowing'")
    assert expected in told


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        ('name = "grouped"\nby = "none"', 'Without groups, use "paper"'),
        ('name = "grouped"\nsplit = "{split}"', "lists movie m1 more than once"),
        ('name = "grouped"\nsplit = "nowhere"', "there is no such file"),
        ('name = "leave_one_out"', "one of 'paper', 'grouped', 'nested', 'holdout'"),
        ('name = "nested"\nchose_by = "nll"', "Did you mean 'choose_by'"),
        ('name = "paper"\n[grid]\n"fit.epochs" = [1]', 'requires the protocol "nested"'),
        ('name = "nested"\n[grid]\n"data.root" = ["a"]', "a grid can only search model, loss"),
        ('name = "nested"\n[grid]\n"fit.epochs" = [1, "two"]', "fit.epochs = two"),
        ('name = "nested"\n[grid]\n"fit.epochs" = []', "expected a list of values"),
    ],
)
def test_a_protocol_that_can_not_be_is_refused_before_anything_is_read(
    protocol: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    split = tmp_path / "split.toml"
    split.write_text('by = "movie"\nfolds = [["m0", "m1"], ["m1", "m2"]]\n')
    status, _ = run(tmp_path, monkeypatch, protocol.format(split=split))
    assert status == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "squares").exists()
