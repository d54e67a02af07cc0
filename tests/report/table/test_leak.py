"""The leak of a score: random folds against folds that keep groups together."""

from __future__ import annotations

from pathlib import Path

import tomli_w

from ferkit.report.table.columns import make_grid
from ferkit.report.table.entries import make_table
from ferkit.report.table.formats import to_markdown
from ferkit.report.table.leak import leak_words, leaks_of
from tests.run_folders import PROTOCOL, write_run

RIGHT = [(0.1, 0.9, 0.2, 0.6), (0.2, 0.9)]
HALF = [(0.1, 0.9, 0.8, 0.4), (0.8, 0.9)]
GROUPED = {**PROTOCOL, "name": "grouped", "by": "movie", "split": None}


def test_random_and_grouped_folds_of_a_system_are_compared(tmp_path: Path) -> None:
    paper = write_run(tmp_path / "a", [RIGHT])
    grouped = write_run(tmp_path / "b", [HALF], protocol=GROUPED, movies=2)
    table = make_table(None, [paper, grouped])
    words, meaning = leak_words(table)
    assert words.startswith("Leak, from paper: 100.0% to grouped (movie) 50.0%, +50.0 points (")
    assert "random folds minus" in meaning
    assert "+50.0 points" in to_markdown(table)


def test_one_protocol_has_no_leak(tmp_path: Path) -> None:
    assert list(leak_words(make_table(None, [write_run(tmp_path / "a", [RIGHT])]))) == []


def test_folds_of_another_size_are_not_compared(tmp_path: Path) -> None:
    paper = write_run(tmp_path / "a", [RIGHT])
    grouped = write_run(tmp_path / "b", [HALF], protocol={**GROUPED, "folds": 5}, movies=2)
    assert list(leak_words(make_table(None, [paper, grouped]))) == []


def test_nested_folds_without_groups_are_random(tmp_path: Path) -> None:
    nested = {**PROTOCOL, "name": "nested", "split": None}
    paths = [
        write_run(tmp_path / by, [folds], protocol={**nested, "by": by}, movies=2)
        for by, folds in (("none", RIGHT), ("movie", HALF))
    ]
    words = next(leak_words(make_table(None, paths)))
    assert "nested (movie)" in words
    assert "+50.0 points" in words


def test_the_leak_to_the_coarsest_groups_is_a_column(tmp_path: Path) -> None:
    paper = write_run(tmp_path / "a", [RIGHT])
    table = make_table(None, [paper])
    assert "leak" not in make_grid(table).headings
    runs = [
        write_run(tmp_path / f"by{count}", [folds], protocol={**GROUPED, "by": by}, movies=count)
        for count, by, folds in ((2, "movie", HALF), (4, "clip", RIGHT))
    ]
    manifest = runs[1] / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("movie=", "clip="))
    grid = make_grid(made := make_table(None, [paper, *runs]))
    assert grid.rows[0][grid.headings.index("leak")].startswith("50.0 [")
    assert [one.points for line in made.lines for one in leaks_of(line)] == [50.0, 0.0]


def test_a_line_without_grouped_folds_has_no_leak_in_its_cell(tmp_path: Path) -> None:
    longer = tomli_w.dumps({"name": "a", "fit": {"epochs": 3}})
    shorter = tomli_w.dumps({"name": "a", "fit": {"epochs": 2}})
    runs = [
        write_run(tmp_path / "a", [RIGHT], recipe=longer),
        write_run(tmp_path / "b", [HALF], recipe=longer, protocol=GROUPED, movies=2),
        write_run(tmp_path / "c", [RIGHT], recipe=shorter),
    ]
    grid = make_grid(make_table(None, runs))
    assert sorted(row[grid.headings.index("leak")][:4] for row in grid.rows) == ["50.0", "–"]
