"""Scores computed again from a run's files, whatever ferkit made it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from filelock import FileLock

from ferkit.errors import RunError
from ferkit.experiment.rescore import renew
from ferkit.report import render
from tests.report.small_run import BEST_SCORE, LAST_SCORE, SUMMARY, write_old_run, write_run

COMPUTED = ("accuracy", "mean_recall", "macro_f1", "nll", "brier", "ece")


def test_scores_are_those_worked_out_by_hand(tmp_path: Path) -> None:
    found = renew(write_run(tmp_path)).scores
    for key, by_hand in (("best_epoch", BEST_SCORE), ("last_epoch", LAST_SCORE)):
        assert [found[key][name] for name in COMPUTED] == pytest.approx(
            [by_hand[name] for name in COMPUTED], abs=1e-4
        )
        assert found[key]["confusion"] == by_hand["confusion"]
        assert found[key]["clusters"] == {"image": 4}  # two movies are too few to draw


def test_what_is_wrong_in_the_summary_is_put_right(tmp_path: Path) -> None:
    wrong = {key: {**one, "accuracy": 0.99} for key, one in SUMMARY["scores"].items()}
    write_run(tmp_path, {**SUMMARY, "scores": wrong})
    renew(tmp_path)
    written = json.loads((tmp_path / "summary.json").read_text())
    assert written["scores"]["best_epoch"]["accuracy"] == 0.75
    assert {key: written[key] for key in ("warnings", "data", "weights", "paper")} == {
        key: SUMMARY[key] for key in ("warnings", "data", "weights", "paper")
    }


def test_an_old_run_gets_the_summary_and_the_page_that_a_new_one_has(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    assert renew(write_old_run(old)) == renew(write_run(new))
    assert "too few images for an interval: 4" in render(old).read_text()


def test_a_recipe_without_a_paper_gives_a_summary_without_one(tmp_path: Path) -> None:
    write_run(tmp_path, {**SUMMARY, "paper": None})
    (tmp_path / "recipe.toml").write_text('name = "n"\n')
    assert renew(tmp_path).paper is None


def test_a_papers_row_that_cannot_be_understood_is_named(tmp_path: Path) -> None:
    write_run(tmp_path)
    (tmp_path / "recipe.toml").write_text('[paper]\nrow = "A row"\n')
    with pytest.raises(RunError, match=r"recipe\.toml: its \[paper\] can't be read"):
        renew(tmp_path)


def test_a_folder_at_which_another_ferkit_works_is_left_alone(tmp_path: Path) -> None:
    write_run(tmp_path)
    before = (tmp_path / "summary.json").read_bytes()
    with FileLock(tmp_path / ".lock"), pytest.raises(RunError, match="another ferkit process is using it"):
        renew(tmp_path)
    assert (tmp_path / "summary.json").read_bytes() == before


def test_mixed_up_labels_are_noticed_once_however_often_it_is_scored(tmp_path: Path) -> None:
    write_run(tmp_path)
    swapped = "path,label,predicted,anger,fear\n" + "".join(
        f"{label}{number}.png,{label},{other},{anger},{1 - anger}\n"
        for label, other, anger in (("anger", "fear", 0), ("fear", "anger", 1))
        for number in range(30)
    )
    for file in tmp_path.glob("folds/*/*.csv"):
        file.write_text(swapped)
    metrics = tmp_path / "metrics.jsonl"
    rows = [json.loads(line) | {"accuracy": 0.0} for line in metrics.read_text().splitlines()]
    metrics.write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = [f"{label}{number}.png,{label},,,,,\n" for label in ("anger", "fear") for number in range(30)]
    (tmp_path / "manifest.csv").write_text("path,label,groups,sha256,box,score,problem\n" + "".join(lines))
    renew(tmp_path)
    warnings = renew(tmp_path).warnings
    assert sum("The labels may be in a wrong order" in one for one in warnings) == 1
