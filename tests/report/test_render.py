"""The page: what a reader must find on it, and that it needs nothing beside itself."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ferkit.report import render
from ferkit.report.render import format_duration

SCORE = {"repeats": [0.5], "folds": [[0.4, 0.6]], "epochs": [[1, 2]], "deviation": None, "mean_recall": 0.45}
DETAILS = {
    **SCORE,
    "macro_f1": 0.4,
    "nll": 1.2,
    "brier": 0.6,
    "ece": 0.1,
    "classes": [
        {"label": "anger", "precision": 0.5, "recall": 1.0, "f1": 0.67, "images": 1},
        {"label": "fear", "precision": 0.0, "recall": 0.0, "f1": 0.0, "images": 1},
    ],
    "confusion": [[1, 0], [1, 0]],
    "permuted": {},
    "intervals": {"image": {"accuracy": [0.41, 0.62], "mean_recall": [0.4, 0.6], "macro_f1": [0.3, 0.5]}},
    "clusters": {"image": 2},
}
SUMMARY = {
    "name": "a<b",
    "description": "Five & <six>",
    "demo": False,
    "status": "complete",
    "labels": ["anger", "fear"],
    "notices": ["1 photograph is a byte-for-byte copy of another"],
    "paper": {
        "row": "A row",
        "number": 54.19,
        "metric": "accuracy",
        "protocol": "paper",
        "data": None,
        "source": "Somebody",
    },
    "data": {
        "name": "sfew",
        "images": 5,
        "faces_found": 3,
        "whole_images": 1,
        "skipped": [{"path": "x/<broken>.png", "problem": "truncated"}],
        "per_class": {"anger": 2, "fear": 2},
    },
    "protocol": {"name": "paper", "folds": 2, "repeats": 1, "seed": 0, "new_folds": False},
    "scores": {
        "best_epoch": {"title": "Best epoch", "selected_on_test": True, "accuracy": 0.5212, **DETAILS},
        "best_common_epoch": {"title": "Best common", "selected_on_test": True, "accuracy": 0.51, **SCORE},
        "last_epoch": {"title": "Last epoch", "selected_on_test": False, "accuracy": 0.4987, **DETAILS},
    },
    "parameters": {"total": 22_800_000, "trained": 899},
    "weights": [
        {"name": "msceleb1m", "file": "f.h5", "sha256": "6acd", "trained_on": "faces", "licence": "MIT"}
    ],
    "backbone_sha256": "77f3",
    "seconds": 95.0,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    metrics = [
        {"repeat": 0, "fold": fold, "epoch": epoch, "seconds": 1.0}
        | dict.fromkeys(("train_loss", "validation_loss", "train_accuracy", "accuracy"), 0.5)
        for fold in (0, 1)
        for epoch in (1, 2)
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in metrics))
    (tmp_path / "summary.json").write_text(json.dumps(SUMMARY))
    (tmp_path / "environment.json").write_text(json.dumps({"torch": "2.14.1", "gpu": None}))
    (tmp_path / "recipe.toml").write_text('name = "<recipe>"\n')
    for fold in (0, 1):
        cell = tmp_path / "cells" / f"repeat0_fold{fold}"
        cell.mkdir(parents=True)
        for which in ("best", "last"):
            rows = "path,label,predicted,anger,fear\na.png,anger,anger,0.8,0.2\nb.png,fear,anger,0.6,0.4\n"
            (cell / f"predictions_{which}.csv").write_text(rows)
    return tmp_path


class Links(HTMLParser):
    """Every address that the page would load or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_needs_no_other_file_and_no_network(folder: Path) -> None:
    page = render(folder).read_text()
    links = Links()
    links.feed(page)
    assert len(links.addresses) == 3
    assert all(address.startswith("data:image/png;base64,") for address in links.addresses)
    assert not re.search(r"@import|url\(", page)


def test_both_numbers_stand_on_the_page_and_the_selected_one_says_so(folder: Path) -> None:
    page = render(folder).read_text()
    assert "54.19%" in page
    best, last, _ = page.split('<div class="score">')[1:4]
    warning = "selected on the data it is reported on: optimistic"
    assert "52.12%" in best
    assert warning in best
    assert "49.87%" in last
    assert warning not in last


def test_what_a_reader_must_know_is_there(folder: Path) -> None:
    page = render(folder).read_text()
    for text in ("byte-for-byte copy", "22,800,000", "899", "6acd", "77f3", "2.14.1", "truncated"):
        assert text in page
    assert "4.0 s" in page  # four epochs of a second each


def test_nothing_that_a_recipe_says_is_taken_for_markup(folder: Path) -> None:
    page = render(folder).read_text()
    assert "a&lt;b" in page
    assert "Five &amp; &lt;six&gt;" in page
    assert "x/&lt;broken&gt;.png" in page
    assert "&lt;recipe&gt;" in page
    assert "<recipe>" not in page
    assert "<six>" not in page


def test_figures_stand_as_files_too_and_the_same_numbers_give_the_same_bytes(folder: Path) -> None:
    names = ("confusion_best_epoch.png", "confusion_last_epoch.png", "curves.png")
    page = render(folder).read_bytes()
    first = [(folder / "figures" / name).read_bytes() for name in names]
    assert all(one.startswith(b"\x89PNG") for one in first)
    assert render(folder).read_bytes() == page
    assert [(folder / "figures" / name).read_bytes() for name in names] == first


def test_pictures_are_told_in_words(folder: Path) -> None:
    page = render(folder).read_text()
    assert "Share of each class that is right: anger 100%, fear 0%." in page
    assert page.count("alt=") == 3


def test_a_run_without_paper_weights_or_network_has_a_page(folder: Path) -> None:
    bare = {
        **SUMMARY,
        "paper": None,
        "weights": [],
        "backbone_sha256": None,
        "parameters": None,
        "notices": [],
        "description": "",
    }
    (folder / "summary.json").write_text(json.dumps(bare))
    (folder / "environment.json").unlink()
    page = render(folder).read_text()
    assert "The paper" not in page
    assert "None" not in page


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(4.04, "4.0 s"), (95, "1 min 35 s"), (59.96, "1 min 0 s"), (3600, "1 h 0 min"), (7265, "2 h 1 min")],
)
def test_durations_are_told_in_two_units(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words
