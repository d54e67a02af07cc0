"""`ferkit run` from a recipe to its folder, on squares."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from safetensors import safe_open

from ferkit.errors import DataError, RunError
from ferkit.evaluation.metrics.scores import Scores
from ferkit.evaluation.run_files import folds_dir
from ferkit.experiment.progress import NullProgress
from ferkit.experiment.run import RunRequest, run
from ferkit.interfaces import Epoch
from ferkit.recipe.load import load_recipe

ROOT = Path(__file__).parents[2]

RECIPE = """
name = "squares"
plugins = ["tests.plugins_for_tests.tiny_plugin"]

[paper]
row = "A row"
accuracy = 50.0

[data]
name = "squares"
root = "{root}"

[detector]
name = "whole_image"

[model]
image_size = 24
backbone = {{ name = "tiny" }}
head = {{ name = "linear" }}

[fit]
epochs = 3
batch_size = 4
device = "cpu"
precision = "float32"
optimizer = {{ lr = 0.02 }}

[protocol]
name = "paper"
repeats = 2
"""


OTHER = ("protocol.repeats=1", "fit.epochs=2")
"""Short enough to be run more than once."""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(ROOT)
    file = tmp_path / "squares.toml"
    file.write_text(RECIPE.format(root=tmp_path / "images"))
    return file


@pytest.fixture(scope="module")
def shared_recipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The recipe, for runs that several tests of a module read. They change neither these nor its images."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr("ferkit.components.discovery.named_modules", [])
        patch.chdir(ROOT)
        file = folder / "squares.toml"
        file.write_text(RECIPE.format(root=folder / "images"))
        yield file


@pytest.fixture(scope="module")
def finished(shared_recipe: Path) -> Path:
    """The folder of a finished run."""
    return run_recipe(shared_recipe, shared_recipe.parent / "finished").parent


class Interrupted(NullProgress):
    """Stops the run after so many epochs."""

    def __init__(self, epochs: int) -> None:
        self.left = epochs

    def epoch(self, epoch: Epoch, scores: Scores) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def run_recipe(file: Path, folder: Path, *overrides: str, is_resumed: bool = False) -> Path:
    checked, registry = load_recipe(str(file), overrides)
    return run(RunRequest(checked, registry, folder, is_resumed))


def results(folder: Path) -> dict[str, object]:
    """All that a run came to, but times: metrics, predictions and the networks' bytes."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    rows = [{k: v for k, v in line.items() if k != "seconds"} for line in lines]
    folds = folds_dir(folder)
    files = sorted(path for path in folds.glob("*/*") if path.suffix in {".csv", ".safetensors"})
    return {"metrics": rows, **{str(path.relative_to(folds)): path.read_bytes() for path in files}}


def test_a_run_leaves_everything_that_its_numbers_came_from(finished: Path) -> None:
    names = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert {
        "report.html",
        "recipe.toml",
        "environment.json",
        "manifest.csv",
        "metrics.jsonl",
        "summary.json",
    } <= names
    for fold in ("repeat0_fold0", "repeat0_fold1", "repeat1_fold0", "repeat1_fold1"):
        files = ("predictions_best.csv", "predictions_last.csv", "model.safetensors", "finished.json")
        assert {f"folds/{fold}/{file}" for file in files} <= names
    assert not any(".part" in name or name.endswith("state.pt") for name in names)


def test_the_summary_has_each_score_under_its_name(finished: Path) -> None:
    summary = json.loads((finished / "summary.json").read_text())
    metrics = [json.loads(line) for line in (finished / "metrics.jsonl").read_text().splitlines()]
    assert len(metrics) == 3 * 2 * 2
    last = [row["accuracy"] for row in metrics if row["epoch"] == 3]
    assert summary["scores"]["last_epoch"]["accuracy"] == pytest.approx(sum(last) / 4)
    assert summary["scores"]["last_epoch"]["selected_on_test"] is False
    assert summary["scores"]["best_epoch"]["selected_on_test"] is True
    assert summary["scores"]["best_epoch"]["accuracy"] >= summary["scores"]["last_epoch"]["accuracy"]
    assert summary["labels"] == ["anger", "neutral"]
    assert summary["paper"]["row"] == "A row"
    assert (summary["paper"]["metric"], summary["paper"]["number"]) == ("accuracy", 50.0)


def test_predictions_agree_with_the_recorded_accuracy(finished: Path) -> None:
    summary = json.loads((finished / "summary.json").read_text())
    for which in ("best", "last"):
        table = finished / "folds" / "repeat1_fold0" / f"predictions_{which}.csv"
        with table.open(newline="") as file:
            rows = list(csv.DictReader(file))
        share = sum(row["label"] == row["predicted"] for row in rows) / len(rows)
        assert share == pytest.approx(summary["scores"][f"{which}_epoch"]["folds"][1][0])


def test_a_network_is_kept_with_its_label_names(finished: Path) -> None:
    with safe_open(finished / "folds" / "repeat0_fold0" / "model.safetensors", "pt") as file:
        assert json.loads(file.metadata()["ferkit"])["labels"] == ["anger", "neutral"]


def test_the_resolved_recipe_runs_to_the_same_numbers(recipe: Path, tmp_path: Path) -> None:
    run_recipe(recipe, tmp_path / "one", "fit.epochs=2")
    run_recipe(tmp_path / "one" / "recipe.toml", tmp_path / "two")
    assert results(tmp_path / "one") == results(tmp_path / "two")


def test_an_estimator_that_is_no_network_runs_too(recipe: Path, tmp_path: Path) -> None:
    run_recipe(recipe, tmp_path / "run", 'estimator={name="majority", confidence=0.9}')
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["scores"]["last_epoch"]["accuracy"] == 0.5
    assert summary["parameters"] is None


def test_byte_identical_images_are_noticed(recipe: Path, tmp_path: Path) -> None:
    checked, registry = load_recipe(str(recipe), ["data.per_class=4"])
    squares = registry.get("dataset", "squares").load()
    samples = squares(root=tmp_path / "images").samples()
    samples[1].path.write_bytes(samples[0].path.read_bytes())
    registry_samples = squares.samples
    squares.samples = lambda self: samples
    try:
        run(RunRequest(checked, registry, tmp_path / "run"))
    finally:
        squares.samples = registry_samples
    (warning,) = json.loads((tmp_path / "run" / "summary.json").read_text())["warnings"]
    assert warning.startswith("1 image is a byte-for-byte duplicate of another")


def test_a_run_without_copies_lists_them_as_skipped_and_says_so(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, registry = load_recipe(str(recipe), ["data.per_class=4", 'faces.duplicates="drop"'])
    squares = registry.get("dataset", "squares").load()
    samples = squares(root=tmp_path / "images").samples()
    Image.open(samples[0].path).save(samples[1].path, compress_level=0)  # the same pixels, another file
    monkeypatch.setattr(squares, "samples", lambda self: samples)
    run(RunRequest(checked, registry, tmp_path / "run"))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    (warning,) = summary["warnings"]
    assert warning.startswith("1 image is dropped as a pixel-for-pixel duplicate of another")
    reason = f"its face equals that of {samples[0].path}"
    assert summary["data"]["skipped"] == [{"path": str(samples[1].path), "problem": reason}]
    with (tmp_path / "run" / "manifest.csv").open(newline="") as file:
        assert [row["path"] for row in csv.DictReader(file) if row["problem"]] == [str(samples[1].path)]
    for predictions in (tmp_path / "run").glob("folds/*/predictions_last.csv"):
        assert str(samples[1].path) not in predictions.read_text()


def test_fewer_than_two_classes_stop_the_run_before_a_image_is_opened(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferkit.experiment.run.find_faces", lambda *_: pytest.fail("images were opened"))
    with pytest.raises(DataError, match="expected two classes or more, but the data has 'anger'"):
        run_recipe(recipe, tmp_path / "run", 'data.labels=["anger"]')


def test_a_class_that_lost_all_its_images_stops_the_run(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, registry = load_recipe(str(recipe), ['faces.unreadable="skip"'])
    squares = registry.get("dataset", "squares").load()
    samples = squares(root=tmp_path / "images").samples()
    for sample in samples[:6]:
        sample.path.write_text("broken")
    monkeypatch.setattr(squares, "samples", lambda self: samples)
    with pytest.raises(DataError, match=r"every image of anger was skipped, e\.g\. .*anger_0\.png"):
        run(RunRequest(checked, registry, tmp_path / "run"))


def test_a_class_named_as_a_column_of_the_predictions_is_refused(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a class can't be called 'predicted'"):
        run_recipe(recipe, tmp_path / "run", 'data.labels=["anger", "predicted"]')


def test_a_run_that_failed_on_its_data_can_be_begun_again_in_its_folder(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        run_recipe(recipe, tmp_path / "run", "data.per_class=1")
    assert run_recipe(recipe, tmp_path / "run").exists()


def test_images_whose_names_are_no_utf8_run_too(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, registry = load_recipe(str(recipe), ["fit.epochs=1", "protocol.repeats=1"])
    squares = registry.get("dataset", "squares").load()
    samples = squares(root=tmp_path / "images").samples()
    odd = samples[0].path.with_name(os.fsdecode(b"caf\xe9.png"))
    samples[0].path.rename(odd)
    samples[0] = replace(samples[0], path=odd)
    monkeypatch.setattr(squares, "samples", lambda self: samples)
    run(RunRequest(checked, registry, tmp_path / "run"))
    tables = [file.read_bytes() for file in (tmp_path / "run").rglob("*.csv")]
    assert sum(b"caf\xe9.png" in table for table in tables) == 3


def test_what_the_backbone_began_with_is_recorded(recipe: Path, tmp_path: Path) -> None:
    for folder, overrides in (("one", []), ("two", []), ("other", ["protocol.seed=1"])):
        run_recipe(recipe, tmp_path / folder, "fit.epochs=1", "protocol.repeats=1", *overrides)
    one, two, other = (
        json.loads((tmp_path / folder / "summary.json").read_text())["backbone_sha256"]
        for folder in ("one", "two", "other")
    )
    assert len(one) == 64
    assert one == two != other


def test_a_recipes_own_plugins_are_recorded(recipe: Path, tmp_path: Path) -> None:
    run_recipe(recipe, tmp_path / "run", "fit.epochs=1", "protocol.repeats=1")
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert environment["plugins"] == "tests.plugins_for_tests.tiny_plugin (named by the recipe)"


def test_a_class_with_one_image_stops_the_run_before_training(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="class 'anger' has 1 image"):
        run_recipe(recipe, tmp_path / "run", "data.per_class=1")


def test_a_corrupt_image_stops_the_run_or_is_counted_as_the_recipe_says(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked, registry = load_recipe(str(recipe), [])
    squares = registry.get("dataset", "squares").load()
    samples = squares(root=tmp_path / "images").samples()
    samples[0].path.write_bytes(samples[0].path.read_bytes()[:100])
    monkeypatch.setattr(squares, "samples", lambda self: samples)
    with pytest.raises(DataError, match=r"anger_0\.png"):
        run(RunRequest(checked, registry, tmp_path / "stops"))
    checked, registry = load_recipe(str(recipe), ['faces.unreadable="skip"'])
    run(RunRequest(checked, registry, tmp_path / "skips"))
    data = json.loads((tmp_path / "skips" / "summary.json").read_text())["data"]
    assert data["images"] == 12
    assert [Path(one["path"]).name for one in data["skipped"]] == ["anger_0.png"]


def test_what_a_data_set_left_out_is_told_and_kept(recipe: Path, tmp_path: Path) -> None:
    run_recipe(recipe, tmp_path / "run", 'data.name="sparing"', "fit.epochs=1", "protocol.repeats=1")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["data"]["left_out"] == {"without a label": 1, "blurred": 3}
    assert (
        summary["warnings"][0] == "The dataset itself left out 4 of 16 images: 3 blurred, 1 without a label"
    )
    assert summary["warnings"][0] in (tmp_path / "run" / "report.html").read_text()


def test_a_finished_run_is_not_trained_again(recipe: Path, tmp_path: Path) -> None:
    run_recipe(recipe, tmp_path / "run")
    before = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    run_recipe(recipe, tmp_path / "run", is_resumed=True)
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == before
    with pytest.raises(RunError, match="contains a run already"):
        run_recipe(recipe, tmp_path / "run")


def test_a_run_that_an_earlier_version_began_resumes_in_its_own_folders(recipe: Path, tmp_path: Path) -> None:
    """It wrote to cells/ and called warnings notices."""
    run_recipe(recipe, tmp_path / "whole", *OTHER)
    checked, registry = load_recipe(str(recipe), OTHER)
    with pytest.raises(KeyboardInterrupt):
        run(RunRequest(checked, registry, tmp_path / "old"), Interrupted(3))
    (tmp_path / "old" / "folds").rename(tmp_path / "old" / "cells")
    metrics = tmp_path / "old" / "metrics.jsonl"
    rows = [json.loads(line) for line in metrics.read_text().splitlines()]
    rows[0]["notices"] = ["said then"]
    metrics.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run_recipe(recipe, tmp_path / "old", *OTHER, is_resumed=True)
    assert not (tmp_path / "old" / "folds").exists()
    resumed, whole = results(tmp_path / "old"), results(tmp_path / "whole")
    del resumed["metrics"], whole["metrics"]
    assert resumed == whole
    summary = json.loads((tmp_path / "old" / "summary.json").read_text())
    assert "said then (repeat 1, fold 1, epoch 1)" in summary["warnings"]


def wait_for_epochs(folder: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    metrics = folder / "metrics.jsonl"
    while process.poll() is None:
        if metrics.exists() and len(metrics.read_text().splitlines()) >= count:
            return
        time.sleep(0.005)


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_numbers(recipe: Path, tmp_path: Path) -> None:
    run_recipe(recipe, tmp_path / "whole", "fit.epochs=6")
    command = [sys.executable, "-m", "ferkit", "run", str(recipe), "--set", "fit.epochs=6", "--out"]
    for epochs, kill in ((2, signal.SIGINT), (15, signal.SIGKILL)):  # in the first fold, in the third
        resume = ["--resume"] if epochs > 2 else []
        with subprocess.Popen(
            [*command, str(tmp_path / "killed"), *resume],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            # A shell without job control starts its background jobs with SIGINT ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            wait_for_epochs(tmp_path / "killed", epochs, process)
            process.send_signal(kill)
        assert process.returncode != 0, "the run was over before it could be killed"
    run_recipe(recipe, tmp_path / "killed", "fit.epochs=6", is_resumed=True)
    assert results(tmp_path / "killed") == results(tmp_path / "whole")
