"""The leak of a score: random folds against folds that keep groups together."""

from __future__ import annotations

from pathlib import Path

from ferkit.report.table.entries import make_table
from ferkit.report.table.formats import to_markdown
from ferkit.report.table.leak import leak_words
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
