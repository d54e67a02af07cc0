"""Runs of one recipe under several protocols, read from their folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ferkit.errors import RunError
from ferkit.evaluation.side_by_side import (
    SIDE_BY_SIDE,
    read_side_by_side,
    runs_side_by_side,
    side_by_side_of,
    write_names,
)
from tests.run_folders import PROTOCOL, write_run

RIGHT = [(0.1, 0.9, 0.2, 0.6), (0.2, 0.9)]
HALF = [(0.1, 0.9, 0.8, 0.4), (0.8, 0.9)]
GROUPED = {**PROTOCOL, "name": "grouped", "by": "movie", "split": None}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_run(tmp_path / "paper", [RIGHT], movies=2)
    write_run(tmp_path / "movie", [HALF], protocol=GROUPED, movies=2)
    write_names(tmp_path, ["paper", "movie"])
    return tmp_path


def test_the_line_has_each_score_and_the_leak(folder: Path) -> None:
    assert str(read_side_by_side(folder)).startswith("random 100.0  movies 50.0  leak 50.0 points (")


def test_a_run_that_is_not_listed_has_no_neighbours(folder: Path) -> None:
    other = write_run(folder / "other", [RIGHT])
    assert side_by_side_of(folder / "movie") is not None
    assert side_by_side_of(other) is None


def test_unfinished_runs_are_left_out(folder: Path) -> None:
    write_names(folder, ["movie", "clip"])
    assert json.loads((folder / SIDE_BY_SIDE).read_text()) == {"protocols": ["paper", "movie", "clip"]}
    assert [run.name for run in runs_side_by_side(folder)] == ["paper", "movie"]
    (folder / "movie" / "summary.json").unlink()
    assert read_side_by_side(folder) is None


def test_nested_scores_are_named_if_there_are_others(folder: Path) -> None:
    nested = {**GROUPED, "name": "nested", "inner_folds": 2, "choose_by": "accuracy"}
    write_run(folder / "nested", [HALF], protocol=nested, movies=2, watched="validation")
    write_names(folder, ["nested"])
    assert "random 100.0  movies 50.0  nested movies 50.0  leak" in str(read_side_by_side(folder))


@pytest.mark.parametrize("content", ["{", "[]", '{"protocols": 3}', '{"protocols": ["../x"]}'])
def test_a_broken_list_is_named(folder: Path, content: str) -> None:
    (folder / SIDE_BY_SIDE).write_text(content)
    with pytest.raises(RunError, match=r"Cannot read .*protocols\.json"):
        runs_side_by_side(folder)
