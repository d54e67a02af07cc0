"""The page: what a reader must find on it, and that it needs nothing beside itself."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ferkit.evaluation.formatting import MARK
from ferkit.evaluation.leak import Leak
from ferkit.evaluation.side_by_side import SideBySide
from ferkit.evaluation.verdict import RULE
from ferkit.report import render
from tests.report.small_run import LAST_SCORE, SUMMARY, write_metrics, write_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_run(tmp_path)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return render(write_run(tmp_path_factory.mktemp("run"))).read_text()


class Reader(HTMLParser):
    """Every address that the page would load or lead to, what its pictures are told as, and its rows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.alternatives: list[str] = []
        self.rows: list[list[str]] = []
        self.is_fold = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "img":
            self.alternatives.append(given["alt"] or "")
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.is_fold = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.is_fold = self.is_fold and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.is_fold:
            self.rows[-1][-1] = re.sub(r"\s+", " ", self.rows[-1][-1] + data).lstrip()


def boxes(page: str) -> list[str]:
    return re.split(r'<div class="score[ "]', page.split("<h2>")[0])[1:]


def section(page: str, title: str) -> str:
    return page.split(f"<h2>{title}</h2>")[1].split("<h2>")[0]


def test_the_page_needs_no_other_file_and_no_network(page: str) -> None:
    links = Reader(page)
    assert len(links.addresses) == 2 * 3 + 2
    assert all(address.startswith("data:image/png;base64,") for address in links.addresses)
    assert not re.search(r"@import|url\(|<script| on\w+=", page)


def test_the_numbers_stand_in_boxes_and_the_selected_one_says_so(page: str) -> None:
    last, best, paper, _ = boxes(page)
    assert "75.00%" in best
    assert MARK in best
    assert "50.00%" in last
    assert MARK not in last
    assert "54.19%" in paper


def test_a_box_has_the_interval_and_what_was_drawn(page: str) -> None:
    best = boxes(page)[1]
    words = " ".join(re.sub(r"<[^>]+>", "", best).split())
    assert "95% interval 31.2 to 71.7% (by movie, 8)" in words
    assert "95% interval 41.0 to 62.0% (by image, 4)" in words


def test_the_verdict_stands_with_its_reason_and_the_rule(page: str) -> None:
    verdict = boxes(page)[3]
    assert ">reproduced<" in verdict
    assert "75.00, 95% interval 31.2 to 71.7 (by movie); the paper has 54.19" in verdict
    assert "the epoch was selected on test images, as in the paper" in verdict
    assert RULE.replace("'", "&#39;") in verdict
    assert "<details>" in verdict


def test_a_run_of_another_protocol_is_not_comparable(tmp_path: Path) -> None:
    paper = {**SUMMARY["paper"], "protocol": "grouped"}
    verdict = boxes(render(write_run(tmp_path, {**SUMMARY, "paper": paper})).read_text())[3]
    assert ">not comparable<" in verdict
    assert "other protocol: paper, but the paper has grouped" in verdict
    assert MARK not in verdict


def test_the_table_has_every_score_with_its_intervals(page: str) -> None:
    rows = Reader(section(page, "Scores")).rows
    assert rows[0] == ["score", "value", "95% by movie, 8", "95% by image, 4"]
    assert rows[1] == ["Last epoch"]
    assert rows[8] == ["Best epoch"]
    assert rows[9:15] == [
        ["accuracy", "75.00%", "31.2 to 71.7%", "41.0 to 62.0%"],
        ["UAR", "75.00%", "30.0 to 70.0%", "40.0 to 60.0%"],
        ["macro F1", "66.67%", "20.0 to 60.0%", "30.0 to 50.0%"],
        ["NLL ↓", "0.400", "—", "—"],
        ["Brier score ↓", "0.250", "—", "—"],
        ["ECE ↓", "0.300", "—", "—"],
    ]
    assert rows[15] == ["Best common epoch"]
    assert rows[16:18] == [["accuracy", "75.00%", "—", "—"], ["UAR", "75.00%", "—", "—"]]


@pytest.mark.parametrize("title", ["Confusion", "Classes", "Reliability"])
def test_the_selected_score_stands_behind_in_every_section(page: str, title: str) -> None:
    found = re.findall(r"<figcaption.*?</figcaption>", section(page, title), flags=re.DOTALL)
    assert ["Best epoch" in one for one in found] == [False, True]


def test_the_page_marks_the_selected_score_once(page: str) -> None:
    assert page.count(MARK) == 1
    headings = [row[0] for row in Reader(page).rows if row and "epoch" in row[0] and len(row) == 1]
    assert headings == ["Last epoch", "Best epoch", "Best common epoch"] * 2


def test_pictures_are_told_in_words_with_their_numbers(page: str) -> None:
    alternatives = Reader(page).alternatives
    assert alternatives == [
        "Confusion matrix. Last epoch. Of 2 anger: 2 as anger. Of 2 fear: 2 as anger.",
        "Confusion matrix. Best epoch. Of 2 anger: 2 as anger. Of 2 fear: 1 as anger, 1 as fear.",
        "Recall and precision of each class. Last epoch. anger: recall 100%, precision 50%, 2 test images. "
        "fear: recall 0%, precision 0%, 2 test images.",
        "Recall and precision of each class. Best epoch. anger: recall 100%, precision 67%, "
        "2 test images. fear: recall 50%, precision 100%, 2 test images.",
        "Reliability diagram. Last epoch. "
        "Confidence 0.53 to 0.60: mean 60.0%, accuracy 0.0%, 2 predictions. "
        "Confidence 0.73 to 0.80: mean 80.0%, accuracy 100.0%, 1 prediction. "
        "Confidence 0.87 to 0.93: mean 90.0%, accuracy 100.0%, 1 prediction.",
        "Reliability diagram. Best epoch. "
        "Confidence 0.53 to 0.60: mean 60.0%, accuracy 0.0%, 1 prediction. "
        "Confidence 0.67 to 0.73: mean 70.0%, accuracy 100.0%, 1 prediction. "
        "Confidence 0.73 to 0.80: mean 80.0%, accuracy 100.0%, 1 prediction. "
        "Confidence 0.87 to 0.93: mean 90.0%, accuracy 100.0%, 1 prediction.",
        "Loss by epoch, means over repeats and folds. training loss 1.000 in epoch 1, 0.500 in epoch 2. "
        "test loss 1.500 in epoch 1, 0.750 in epoch 2.",
        "Accuracy by epoch, means over repeats and folds. training accuracy 25.0% in epoch 1, 50.0% in "
        "epoch 2. test accuracy 75.0% in epoch 1, 50.0% in epoch 2.",
    ]


def test_each_repeat_has_its_own_confusion(tmp_path: Path) -> None:
    repeated = {"repeats": [0.75, 0.75], "folds": [[0.5, 1.0]] * 2, "epochs": [[1, 1]] * 2, "deviation": 0.0}
    scores = {key: {**one, **repeated} for key, one in SUMMARY["scores"].items()}
    protocol = {**SUMMARY["protocol"], "repeats": 2}
    write_run(tmp_path, {**SUMMARY, "scores": scores, "protocol": protocol}, repeats=2)
    told = Reader(render(tmp_path).read_text()).alternatives[2]
    one = "Of 2 anger: 2 as anger. Of 2 fear: 2 as anger."
    assert told == f"A confusion matrix for each repeat. Last epoch. Repeat 1: {one} Repeat 2: {one}"
    assert (tmp_path / "figures" / "repeats_last_epoch.png").exists()


def write_nested(folder: Path) -> Path:
    """Two candidates, validation images that chose, and a grid in the recipe."""
    choices = [
        {"candidate": 1, "settings": {"fit.batch_size": 8}, "epoch": 2, "temperature": 1.25},
        {"candidate": 0, "settings": {"fit.batch_size": 4}, "epoch": 1, "temperature": 0.8},
    ]
    score = LAST_SCORE | {"title": "Chosen", "choices": [choices], "epochs": [[2, 1]]}
    score["calibrated"] = {"nll": 0.31, "brier": 0.2, "ece": 0.05}
    protocol = {"name": "nested", "folds": 2, "repeats": 1, "seed": 0, "new_folds": False}
    protocol |= {"inner_folds": 4, "choose_by": "accuracy", "by": None, "split": None}
    write_run(folder, {**SUMMARY, "scores": {"chosen_epoch": score}, "protocol": protocol})
    (folder / "recipe.toml").write_text('name = "n"\n[grid]\n"fit.batch_size" = [4, 8]\n')
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    several = [row | {"candidate": one, "watched": "validation"} for row in rows for one in (0, 1)]
    write_metrics(folder, [row | {"accuracy": (1 + row["candidate"]) / 4} for row in several])
    for fold, choice in zip(sorted((folder / "folds").iterdir()), choices, strict=True):
        (fold / "predictions_last.csv").rename(fold / "predictions_test.csv")
        (fold / "choice.json").write_text(json.dumps(choice))
    return folder


def test_what_validation_images_chose_is_told_for_each_fold(tmp_path: Path) -> None:
    page = render(write_nested(tmp_path)).read_text()
    rows = Reader(section(page, "Scores")).rows
    assert ["NLL ↓", "0.540", "0.310"] in rows
    assert ["Brier score ↓", "0.385", "0.200"] in rows
    assert ["ECE ↓", "0.375", "0.050"] in rows
    assert ["1, 1", "2", "1.25", "2: fit.batch_size = 8"] in rows
    assert ["1, 2", "1", "0.80", "1: fit.batch_size = 4"] in rows
    assert MARK not in page


def test_curves_of_candidates_are_told_apart_and_called_validation(tmp_path: Path) -> None:
    page = render(write_nested(tmp_path)).read_text()
    told = Reader(page).alternatives[-1]
    assert "Candidate 1: validation accuracy 25.0% in epoch 1, 25.0% in epoch 2." in told
    assert "Candidate 2: validation accuracy 50.0% in epoch 1, 50.0% in epoch 2." in told
    assert "test accuracy" not in told
    assert "<li>fit.batch_size = 4</li>" in page


def test_what_a_reader_must_know_is_there(page: str) -> None:
    for text in ("byte-for-byte duplicate", "22,800,000", "899", "6acd", "77f3", "2.14.1", "truncated"):
        assert text in page
    assert "Stratified 2-fold, 1 repeat, seed 0." in page
    assert "4.0 s" in page  # four epochs of a second each


def test_nothing_that_a_recipe_says_is_taken_for_markup(page: str) -> None:
    assert "a&lt;b" in page
    assert "Five &amp; &lt;six&gt;" in page
    assert "x/&lt;broken&gt;.png" in page
    assert "&lt;recipe&gt;" in page
    assert "<recipe>" not in page
    assert "<six>" not in page


def test_figures_stand_as_files_too_and_the_same_numbers_give_the_same_bytes(folder: Path) -> None:
    drawn = [f"{name}_{key}" for name in ("confusion", "classes", "reliability") for key in ("best", "last")]
    names = [*(f"{one}_epoch.png" for one in drawn), "curves_loss.png", "curves_accuracy.png"]
    page = render(folder).read_bytes()
    first = [(folder / "figures" / name).read_bytes() for name in names]
    assert all(one.startswith(b"\x89PNG") for one in first)
    assert render(folder).read_bytes() == page
    assert [(folder / "figures" / name).read_bytes() for name in names] == first


def test_a_run_without_paper_weights_or_network_has_a_page(tmp_path: Path) -> None:
    bare = {"paper": None, "weights": [], "backbone_sha256": None, "parameters": None, "warnings": []}
    folder = write_run(tmp_path, {**SUMMARY, **bare, "description": ""})
    (folder / "environment.json").unlink()
    page = render(folder).read_text()
    assert "The paper" not in page
    assert "The rule" not in page
    assert "None" not in page


def test_uar_is_explained_once(page: str) -> None:
    assert page.count("UAR (balanced accuracy)") == 1
    assert page.count("UAR") > 2


def test_a_papers_number_is_named_by_its_metric(tmp_path: Path) -> None:
    paper = {**SUMMARY["paper"], "metric": "mean_recall"}
    page = render(write_run(tmp_path, {**SUMMARY, "paper": paper})).read_text()
    assert "UAR. Somebody" in boxes(page)[2]


def test_no_image_is_on_a_page_that_was_not_asked_for_any(page: str) -> None:
    assert "images of people" not in page
    assert "image/jpeg" not in page


def test_runs_of_other_protocols_next_to_a_run_are_shown_with_the_leak(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "<h2>Protocols</h2>" not in render(folder).read_text()
    leak = Leak(folder, folder, 58, 58.5, 43.2, 9.9, 20.0)
    found = SideBySide({"random": (58.5, 0.9), "movies": (43.2, None)}, leak)
    monkeypatch.setattr(sys.modules["ferkit.report.render"], "side_by_side_of", lambda run: found)
    page = section(render(folder).read_text(), "Protocols")
    assert Reader(page).rows == [["random", "movies", "leak"], ["58.5% ± 0.9", "43.2%", "15.3 [9.9, 20.0]"]]
