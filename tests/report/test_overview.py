"""The pages about several runs: what they contain, and that they need nothing beside themselves."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from ferkit.errors import RunError
from ferkit.evaluation.compare import compare, read_outcomes
from ferkit.report.comparison import render_comparison
from ferkit.report.overview import render_overview
from tests.report.small_run import write_run
from tests.run_folders import write_run as write_outcomes


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two finished runs, one of them in a folder of several protocols, and one that is not finished."""
    for place in ("one", "several/paper", "begun"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "recipe.toml").touch()
    (tmp_path / "several" / "protocols.json").write_text('{"protocols": ["paper", "movie"]}')
    write_run(tmp_path / "one")
    write_run(tmp_path / "several" / "paper")
    shutil.copy(tmp_path / "one" / "metrics.jsonl", tmp_path / "begun")
    (tmp_path / "one" / "report.html").touch()
    return tmp_path


def test_each_run_has_a_row_and_a_link_to_its_report(runs: Path) -> None:
    page = render_overview(runs).read_text()
    rows = re.findall(r"<tr>.*?</tr>", page.split("<tbody>")[1].split("</tbody>")[0], re.DOTALL)
    names = [re.search(r'data-value="([^"]*)"', row) for row in rows]
    assert {name[1] for name in names if name} == {"one", "several/paper", "begun"}
    (unfinished,) = [row for row in rows if 'data-value="begun"' in row]
    assert "not finished" in unfinished
    (linked,) = [row for row in rows if 'href="one/report.html"' in row]
    assert "50.00%" in linked  # the last epoch: test images selected the best one
    assert "†" not in linked
    assert "a&lt;b" in linked
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_each_curve_can_be_hidden_by_its_box(runs: Path) -> None:
    page = render_overview(runs).read_text()
    boxes = re.findall(r'data-curve="([^"]+)"', page)
    assert len(boxes) == len(set(boxes)) == 3
    assert all(page.count(f'id="{one}"') == 1 for one in boxes)


def test_a_broken_run_does_not_hide_the_others(runs: Path) -> None:
    (runs / "several" / "paper" / "summary.json").write_text("{")
    (runs / "several2").mkdir()
    (runs / "several2" / "protocols.json").write_text("[")
    page = render_overview(runs).read_text()
    assert "summary.json" in page
    assert 'href="one/report.html"' in page


def test_a_name_that_is_not_utf_8_is_linked_by_its_bytes(runs: Path) -> None:
    shutil.copytree(runs / "one", runs / os.fsdecode(b"caf\xe9"))
    assert 'href="caf%E9/report.html"' in render_overview(runs).read_text(errors="surrogateescape")


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run folder"):
        render_overview(tmp_path)


def test_a_comparison_has_recalls_settings_and_the_conclusion(tmp_path: Path) -> None:
    right, wrong = [[0.1, 0.9] * 8] * 2, [[0.1, 0.1] * 8] * 2
    one = read_outcomes(write_outcomes(tmp_path / "<one>", [right]))
    two = read_outcomes(write_outcomes(tmp_path / "two", [wrong]))
    found = compare(one, two)
    page = render_comparison(one, two, found)
    assert found.conclusion in page
    fear = re.search(r">fear</th>(.*?)</tr>", page, re.DOTALL)
    assert fear
    assert re.findall(r">([-+.\d]+%?)</td>", fear[1]) == ["16", "100.00%", "0.00%", "+100.0"]
    assert "&lt;one&gt;" in page
    assert "<one>" not in page
