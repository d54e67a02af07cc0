from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ferkit.errors import RunError
from ferkit.evaluation.run_files import (
    read_images,
    read_metrics,
    read_predictions,
    read_resolved,
    read_summary,
)
from ferkit.evaluation.scores import evaluate
from tests.report import small_run
from tests.run_folders import write_run

LABELS = ("anger", "fear", "neutral")


def test_predictions_are_read_by_the_labels_names_whatever_their_order(tmp_path: Path) -> None:
    file = tmp_path / "predictions_last.csv"
    file.write_text("path,label,predicted,neutral,anger,fear\na.png,fear,anger,0.1,0.6,0.3\n")
    read = read_predictions(file, LABELS)
    assert read.probabilities.tolist() == [[0.6, 0.3, 0.1]]
    assert read.predicted == ["anger"]
    assert read.true_indices.tolist() == [1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("path,label,anger,fear\na.png,fear,0.5,0.5\n", "no usable column 'neutral'"),
        ("path,label,anger,fear,neutral\na.png,fear,x,0.5,0.5\n", "can't be read"),
        ("path,label,anger,fear,neutral\na.png,joy,0,0.5,0.5\n", "has the labels joy, but the run has"),
    ],
)
def test_broken_predictions_are_named(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "predictions_last.csv"
    file.write_text(text)
    with pytest.raises(RunError, match=rf"predictions_last\.csv .*{problem}"):
        read_predictions(file, LABELS)


def test_groups_are_read_back_as_the_run_wrote_them(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text(
        "path,label,groups,sha256,box,score,problem\n"
        "a.png,fear,clip=The Town_1 movie=The Town,77,,,\n"
        "b.png,fear,,,,,truncated\n"
    )
    (one,) = read_images(tmp_path)
    assert one.groups == {"clip": "The Town_1", "movie": "The Town"}


def test_an_unfinished_run_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"summary\.json is missing: the run is not finished") as caught:
        read_summary(tmp_path)
    assert f"--out {tmp_path} --resume" in str(caught.value)


@pytest.mark.parametrize(("text", "problem"), [("{", "can't be read"), ("[]", "expected a JSON object")])
def test_a_broken_summary_is_named(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(RunError, match=problem):
        read_summary(tmp_path)


def test_broken_metrics_are_named(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"epoch": 1}\n{"epo')
    with pytest.raises(RunError, match=r"metrics\.jsonl can't be read"):
        read_metrics(tmp_path)


def test_a_run_of_an_earlier_version_reads_as_one_of_today(tmp_path: Path) -> None:
    """Its folds were in cells/, its warnings were notices, and its recipe had faces.copies."""
    new = write_run(tmp_path / "new", [[(0.1, 0.9), (0.2, 0.8)]])
    old = Path(shutil.copytree(new, tmp_path / "old"))
    (old / "folds").rename(old / "cells")
    summary = json.loads((old / "summary.json").read_text())
    summary["notices"] = [*summary.pop("warnings"), "told then"]
    (old / "summary.json").write_text(json.dumps(summary))
    assert read_summary(old).warnings[-1] == "told then"
    text = '[data]\ncopies = "keep"\n\n[faces]\nmargin = 0.0\ncopies = "leave_out"\n\n[model]\n'
    (old / "recipe.toml").write_text(text)
    assert read_resolved(old) == {
        "data": {"copies": "keep"},
        "faces": {"margin": 0.0, "duplicates": "drop"},
        "model": {},
    }
    labels, protocol = summary["labels"], summary["protocol"]
    assert evaluate(old, protocol, labels) == evaluate(new, protocol, labels)


ROW = {"repeat": 0, "fold": 0, "epoch": 1, "accuracy": 0.5, "mean_recall": 0.5, "seconds": 1.0}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"accuracy": "high"}, "accuracy"),
        ({"accuracy": 7.0}, "accuracy"),
        ({"mean_recall": None}, "mean_recall"),
        ({"epoch": [1]}, "epoch"),
        ({"fold": -1}, "fold"),
        ({"repeat": True}, "repeat"),
        ({"seconds": float("inf")}, "seconds"),
        ({"candidate": "1"}, "candidate"),
        ({"train_loss": "tiny"}, "train_loss"),
        ({"validation_loss": [0.5]}, "validation_loss"),
    ],
)
def test_a_value_of_metrics_that_no_run_writes_is_named(
    tmp_path: Path, change: dict[str, object], key: str
) -> None:
    (tmp_path / "metrics.jsonl").write_text(json.dumps(ROW) + "\n")
    assert read_metrics(tmp_path) == [ROW]
    (tmp_path / "metrics.jsonl").write_text(json.dumps({**ROW, **change}) + "\n")
    with pytest.raises(RunError, match=rf"metrics\.jsonl can't be read: {key}: "):
        read_metrics(tmp_path)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("", "has no predictions"),
        ("a.png,fear,nan,0.5,0.5\n", "probabilities that are not finite"),
        ("a.png,fear,0,0.5\n", "line 2 has more or fewer cells"),
        ("a.png,fear,0,0.5,0.5,7\n", "line 2 has more or fewer cells"),
    ],
)
def test_predictions_that_no_run_writes_are_named(tmp_path: Path, rows: str, problem: str) -> None:
    file = tmp_path / "predictions_last.csv"
    file.write_text(f"path,label,anger,fear,neutral\n{rows}")
    with pytest.raises(RunError, match=rf"predictions_last\.csv .*{problem}"):
        read_predictions(file, LABELS)


@pytest.mark.parametrize("key", ["name", "repeats"])
def test_a_summary_without_its_protocol_is_named(tmp_path: Path, key: str) -> None:
    table = json.loads(json.dumps(small_run.SUMMARY))
    file = tmp_path / "summary.json"
    file.write_text(json.dumps(table))
    read_summary(tmp_path)
    del table["protocol"][key]
    file.write_text(json.dumps(table))
    with pytest.raises(RunError, match=rf"summary\.json has no usable protocol\.{key}"):
        read_summary(tmp_path)


@pytest.mark.parametrize(
    "intervals",
    ["x", {"image": "x"}, {"image": {"accuracy": 0.5}}, {"image": {"accuracy": [0.1]}}, {"image": {}}],
)
def test_intervals_that_no_run_writes_are_named(tmp_path: Path, intervals: object) -> None:
    table = json.loads(json.dumps(small_run.SUMMARY))
    name, score = next(iter(table["scores"].items()))
    score["intervals"] = intervals
    (tmp_path / "summary.json").write_text(json.dumps(table))
    with pytest.raises(RunError, match=rf"summary\.json .*scores\.{name}.*interval"):
        read_summary(tmp_path)


@pytest.mark.parametrize(
    ("paper", "words"),
    [
        ({"row": "R", "number": 50.0}, "metric"),
        ({"row": "R", "number": "x", "metric": "accuracy"}, r"paper\.number"),
        ({"row": "R", "number": 50.0, "metric": "speed"}, r"paper\.metric"),
        ({"number": 50.0, "metric": "accuracy"}, r"paper\.row"),
    ],
)
def test_a_papers_score_that_no_run_writes_is_named(tmp_path: Path, paper: object, words: str) -> None:
    (tmp_path / "summary.json").write_text(json.dumps({**small_run.SUMMARY, "paper": paper}))
    with pytest.raises(RunError, match=rf"summary\.json .*{words}"):
        read_summary(tmp_path)


def test_an_interval_without_the_papers_metric_is_named(tmp_path: Path) -> None:
    table = json.loads(json.dumps(small_run.SUMMARY))
    table["paper"] = {"row": "R", "number": 50.0, "metric": "macro_f1"}
    score = next(iter(table["scores"].values()))
    score["intervals"], score["clusters"] = {"image": {"accuracy": [0.1, 0.2]}}, {"image": 4}
    (tmp_path / "summary.json").write_text(json.dumps(table))
    with pytest.raises(RunError, match="has no macro_f1"):
        read_summary(tmp_path)


@pytest.mark.parametrize("key", ["train_loss", "nll"])
def test_an_epoch_without_a_number_that_others_have_is_named(tmp_path: Path, key: str) -> None:
    small_run.write_run(tmp_path)
    file = tmp_path / "metrics.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    del rows[1][key]
    file.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(RunError, match=rf"metrics\.jsonl can't be read: line 2 has no {key}"):
        read_metrics(tmp_path)


@pytest.mark.parametrize("value", ["0.5", float("nan"), 1.5, None])
def test_a_score_that_is_no_fraction_is_named(tmp_path: Path, value: object) -> None:
    table = json.loads(json.dumps(small_run.SUMMARY))
    name, score = next(iter(table["scores"].items()))
    score["accuracy"] = value
    (tmp_path / "summary.json").write_text(json.dumps(table))
    with pytest.raises(RunError, match=rf"summary\.json .*scores\.{name}\.accuracy"):
        read_summary(tmp_path)


def test_a_score_without_its_selection_was_not_selected_on_test_images(tmp_path: Path) -> None:
    table = json.loads(json.dumps(small_run.SUMMARY))
    name, score = next(iter(table["scores"].items()))
    score.pop("selected_on_test", None)
    (tmp_path / "summary.json").write_text(json.dumps(table))
    assert read_summary(tmp_path).scores[name]["selected_on_test"] is False


def test_a_folder_of_several_protocols_names_its_runs(tmp_path: Path) -> None:
    (tmp_path / "protocols.json").write_text('{"protocols": ["random"]}')
    (tmp_path / "random").mkdir()
    small_run.write_run(tmp_path / "random")
    (tmp_path / "random" / "recipe.toml").touch()
    with pytest.raises(RunError, match=r"a run for each protocol.*random"):
        read_summary(tmp_path)
