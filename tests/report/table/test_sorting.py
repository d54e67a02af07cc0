"""Sort a table by a column."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.errors import DataError
from ferkit.report.table.definition import read_definition
from ferkit.report.table.entries import Table, make_table
from ferkit.report.table.sorting import sort_lines
from tests.report.table.test_any_runs import GOOD, HALF, write
from tests.run_folders import write_run

BAD = [(0.9, 0.1, 0.9, 0.6), (0.8, 0.9)]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return make_table(
        None,
        [
            write(tmp_path / "1", ("name", "b"), ("loss", {"name": "x"}), guesses=HALF),
            write(tmp_path / "2", ("name", "C"), ("loss", {"name": "z"}), guesses=GOOD),
            write(tmp_path / "3", ("name", "a"), ("loss", {"name": "y"}), guesses=BAD),
        ],
    )


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("score", ["z", "x", "y"]),
        ("paper: best epoch", ["z", "x", "y"]),
        ("Paper: best epoch†", ["z", "x", "y"]),
        ("name", ["x", "y", "z"]),
        ("run", ["x", "y", "z"]),
        ("recipe", ["y", "x", "z"]),
        ("time", ["x", "z", "y"]),
    ],
)
def test_scores_descend_and_names_ascend(table: Table, column: str, expected: list[str]) -> None:
    sort_lines(table, column)
    assert [line.label for line in table.lines] == [f"loss = {name}" for name in expected]


def test_rows_without_a_score_come_last(tmp_path: Path) -> None:
    table = make_table(read_definition("sfew"), [write_run(tmp_path / "a", [HALF])])
    sort_lines(table, "score")
    assert [line.row.place for line in table.lines if line.row] == [4, 1, 2, 3, 5, 6, 7, 8, 9]
    sort_lines(table, "paper")
    assert [line.row.place for line in table.lines if line.row] == [1, 2, 3, 4, 8, 5, 6, 7, 9]


def test_an_unknown_column_is_an_error_that_lists_the_columns(table: Table) -> None:
    with pytest.raises(DataError, match=r"sort by 'scor'.*mean 'score'.*paper: last epoch"):
        sort_lines(table, "scor")
