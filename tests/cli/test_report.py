"""`ferkit report` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.answer import Ferkit
from tests.cli.test_run import ROOT
from tests.experiment.test_run import RECIPE
from tests.report.small_run import write_old_run, write_run


def test_a_run_of_an_older_ferkit_is_scored_and_its_report_written(ferkit: Ferkit, tmp_path: Path) -> None:
    answer = ferkit("report", str(write_old_run(tmp_path)))
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "Last epoch: 50.00%" in answer.stdout
    assert "Verdict: not comparable: too few images for an interval: 4" in answer.stdout
    assert answer.stdout.endswith(f"report: {tmp_path / 'report.html'}\n")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["paper"]["number"] == 54.19
    assert "by image, 4" in (tmp_path / "report.html").read_text()


def test_with_images_the_page_shows_them_and_without_it_does_not(ferkit: Ferkit, tmp_path: Path) -> None:
    (tmp_path / "squares.toml").write_text(RECIPE.format(root=tmp_path / "images"))
    folder = tmp_path / "run"
    settings = ["--set", "fit.epochs=1", "--set", "fit.optimizer.lr=1e-6", "--set", "protocol.repeats=1"]
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    made = ferkit("run", str(tmp_path / "squares.toml"), "--out", str(folder), *settings, cwd=ROOT, **cache)
    assert made.returncode == 0, made.stderr
    before = json.loads((folder / "summary.json").read_text())
    for arguments, is_shown in ((["--images", "--trust-plugins"], True), ([], False)):
        answer = ferkit("report", str(folder), *arguments, cwd=ROOT, **cache)
        assert (answer.returncode, answer.stderr) == (0, "")
        page = (folder / "report.html").read_text()
        assert ("Grad-CAM" in page, "data:image/jpeg" in page) == (is_shown, is_shown)
    assert json.loads((folder / "summary.json").read_text()) == before


def test_images_that_cannot_be_shown_are_said_and_the_report_is_written(
    ferkit: Ferkit, tmp_path: Path
) -> None:
    answer = ferkit("report", str(write_run(tmp_path)), "--images")
    assert answer.returncode == 0
    assert "note: Cannot show images: " in answer.stdout
    assert "Cannot show images" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("state", ["no folder", "not finished"])
def test_what_is_no_finished_run_is_refused_in_a_sentence(ferkit: Ferkit, tmp_path: Path, state: str) -> None:
    folder = tmp_path / "run"
    if state == "not finished":
        folder.mkdir()
        (folder / "recipe.toml").touch()
    answer = ferkit("report", str(folder))
    assert answer.returncode == 1
    assert ("no such folder" if state == "no folder" else "the run is not finished") in answer.stderr
    assert "Traceback" not in answer.stderr
