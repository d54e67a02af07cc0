"""`ferkit table` as a user calls it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ferkit.cli import main
from tests.run_folders import write_run

HALF = [(0.1, 0.9, 0.8, 0.4), (0.8, 0.9)]


def ferkit(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["ferkit", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "row4", [HALF])


def test_a_test_selected_score_is_marked_in_every_format(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    assert ferkit(monkeypatch, "table", str(run)) == 0
    shown = capsys.readouterr().out
    assert shown.count("best epoch†") == shown.count("verdict†") == 1
    assert shown.count("Optimistic: the epoch was chosen") == 1
    assert "50.00 [" in shown
    marks = {
        ".md": "best epoch†",
        ".html": "best epoch†",
        ".csv": "best_epoch",
        ".tex": r"best epoch\textdagger",
    }
    for ending, mark in marks.items():
        out = tmp_path / f"table{ending}"
        assert ferkit(monkeypatch, "table", str(run), "--out", str(out)) == 0
        assert mark in out.read_text()
    csv = (tmp_path / "table.csv").read_text()
    assert re.search(r"best_epoch,[\d.]+,[\d.]+,True,0\.5", csv)
    assert re.search(r"last_epoch,[\d.]+,[\d.]+,False,0\.5", csv)


@pytest.mark.parametrize("width", [80, 120])
def test_a_narrow_terminal_gets_a_block_for_each_row(
    run: Path, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert ferkit(monkeypatch, "table", str(run), "--table", "sfew") == 0
    shown = capsys.readouterr().out.splitlines()
    assert max(map(len, shown)) <= width
    block = shown[shown.index("4. MTCNN + Inception Resnet v1 (fine-tuned)") :]
    assert any("paper: best epoch† " in line and "50.00" in line for line in block)


def test_without_folders_all_finished_runs_are_taken(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").mkdir()
    run.rename(tmp_path / "runs" / "row4")
    monkeypatch.chdir(tmp_path)
    assert ferkit(monkeypatch, "table", "--format", "markdown") == 0
    assert "| sfew_inception |" in capsys.readouterr().out
    assert ferkit(monkeypatch, "table", "--format", "markdown", "--table", "sfew") == 0
    assert "| 4 | MTCNN" in capsys.readouterr().out


def test_a_page_needs_no_network_and_takes_nothing_for_markup(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "table.html"
    assert ferkit(monkeypatch, "table", str(run), "--table", "sfew", "--out", str(out)) == 0
    page = out.read_text()
    assert not re.search(r"(src|href)=|@import|url\(", page)
    assert "&#34;Multiscale Very Deep" in page


def test_own_runs_are_rows_sorted_by_their_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = 'name = "mine"\n[data]\nname = "image_folder"\n[loss]\nname = "{}"\n'
    losses = {"bad": [(0.9, 0.1), (0.8, 0.9)], "good": [(0.1, 0.9), (0.2, 0.9)]}
    runs = [
        str(write_run(tmp_path / loss, [guesses], name="mine", paper=None, recipe=recipe.format(loss)))
        for loss, guesses in losses.items()
    ]
    assert ferkit(monkeypatch, "table", *runs, "--format", "latex", "--sort", "score", "--bold") == 0
    shown = capsys.readouterr().out
    assert shown.index("loss = good") < shown.index("loss = bad")
    assert shown.count(r"\textbf{100.00}") == 2
    monkeypatch.setenv("COLUMNS", "60")
    assert ferkit(monkeypatch, "table", *runs) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nowhere"], "there is no run in nowhere"),
        (["--table", "nothing"], "table 'nothing': there is no such file"),
        (["--out", "table.pdf"], r"expected the suffix \.md, \.csv, \.html, \.tex"),
        ([], "no finished run"),
        (["--table", "sfew", "--sort", "speed"], r"sort by 'speed'.*There is: .*name"),
    ],
)
def test_what_can_not_be_done_is_told(
    arguments: list[str],
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ferkit(monkeypatch, "table", *arguments) != 0
    assert re.search(problem, capsys.readouterr().err)
