"""Doubtful labels of runs, with labels that were planted."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ferkit.audit.labels.of_run import ClassDoubt, LabelAudit, audit_labels, average
from ferkit.audit.labels.output import check_label_outputs, write_labels
from ferkit.audit.labels.text import describe_labels
from ferkit.errors import RunError
from ferkit.evaluation.run_files import Predictions, folds_dir
from ferkit.experiment.run import RunRequest, run
from ferkit.recipe.load import load_recipe

PLANTED = ["bright/dark_3.png", "dark/bright_5.png"]
RECIPE = """
name = "planted"
plugins = ["tests.plugins_for_tests.tiny_plugin"]
[data]
name = "image_folder"
root = "{root}"
[detector]
name = "whole_image"
{model}
[protocol]
name = "paper"
repeats = 2
"""
NETWORK = """
[model]
image_size = 24
backbone = { name = "tiny" }
head = { name = "linear" }
[fit]
epochs = 12
batch_size = 4
device = "cpu"
precision = "float32"
optimizer = { lr = 0.05 }
"""
ESTIMATOR = '[estimator]\nname = "majority"\nconfidence = 0.75\n'


def train(folder: Path, model: str) -> Path:
    """A run on bright and dark squares, two of them in the folder of the other class."""
    generator = np.random.default_rng(0)
    for number in range(10):
        for label, low in (("dark", 0), ("bright", 150)):
            name = f"{label}_{number}.png"
            given = next((one for one in PLANTED if one.endswith(name)), f"{label}/{name}")
            (folder / "images" / given).parent.mkdir(parents=True, exist_ok=True)
            pixels = generator.integers(low, low + 100, (24, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "images" / given)
    (folder / "planted.toml").write_text(RECIPE.format(root=folder / "images", model=model))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        checked, registry = load_recipe(str(folder / "planted.toml"), [])
        return run(RunRequest(checked, registry, folder / "run")).parent


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("planted"), NETWORK)


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


def test_planted_labels_come_first(trained: Path) -> None:
    found = audit_labels(trained)
    assert sorted(one.name for one in found.doubtful[:2]) == PLANTED
    assert [one.self_confidence for one in found.doubtful] == sorted(
        one.self_confidence for one in found.doubtful
    )
    first = found.doubtful[0]
    assert first.suggested != first.label
    assert first.self_confidence + first.suggested_probability == pytest.approx(1)
    assert (found.images, found.repeats, found.selection) == (20, 2, "Last epoch")
    assert sum(one.doubtful for one in found.classes) == len(found.doubtful)
    assert sum(one.suggested for one in found.classes) == len(found.doubtful)


def test_an_estimator_has_doubtful_labels_too(tmp_path: Path) -> None:
    found = audit_labels(train(tmp_path, ESTIMATOR))
    assert [(one.label, one.threshold) for one in found.classes] == [("bright", 0.75), ("dark", 0.25)]
    assert {(one.label, one.suggested) for one in found.doubtful} == {("dark", "bright")}
    assert len(found.doubtful) == 10
    assert found.accuracy == 0.5


def audit_of(accuracy: float, classes: int) -> LabelAudit:
    each = tuple(ClassDoubt(f"label{number}", 10, 0.5, 0, 0) for number in range(classes))
    return LabelAudit("run", "images", "Last epoch", 1, 10 * classes, accuracy, each, ())


@pytest.mark.parametrize(
    ("accuracy", "classes", "is_warned"),
    [(0.28, 7, True), (0.29, 7, False), (0.74, 2, True), (0.76, 2, False)],
)
def test_networks_near_chance_are_warned_about(
    tmp_path: Path, accuracy: float, classes: int, is_warned: bool
) -> None:
    found = audit_of(accuracy, classes)
    text = " ".join(describe_labels(found, 1, 80))
    write_labels(found, tmp_path / "labels.html")
    page = (tmp_path / "labels.html").read_text()
    for shown in (text, page):
        assert ("learnt too little" in shown) is is_warned
        assert f"{100 * accuracy:.1f}%" in shown


def test_probabilities_are_averaged_over_repeats_by_image_and_label() -> None:
    made = Predictions(
        ["a", "b"],
        ["1.png", "2.png", "1.png", "2.png"],
        ["a", "b", "a", "a"],
        np.array([[0.2, 0.8], [0.5, 0.5], [0.6, 0.4], [1.0, 0.0]]),
    )
    paths, given, probabilities = average(made)
    assert (paths, given.tolist()) == (["1.png", "2.png", "2.png"], [0, 1, 0])
    assert probabilities.tolist() == [pytest.approx([0.4, 0.6]), [0.5, 0.5], [1.0, 0.0]]


def forget_summary(run_dir: Path) -> None:
    (run_dir / "summary.json").unlink()


def forget_predictions(run_dir: Path) -> None:
    for file in folds_dir(run_dir).glob("*/predictions_last.csv"):
        file.unlink()


def empty_predictions(run_dir: Path) -> None:
    for file in folds_dir(run_dir).glob("*/predictions_last.csv"):
        file.write_text(file.read_text().splitlines()[0] + "\n")


def regroup(run_dir: Path) -> None:
    file = run_dir / "manifest.csv"
    file.write_text(file.read_text().replace(",bright,", ",dark,"))


def merge_labels(run_dir: Path) -> None:
    summary = json.loads((run_dir / "summary.json").read_text())
    (run_dir / "summary.json").write_text(json.dumps(summary | {"labels": ["dark"]}))


def not_finite(run_dir: Path) -> None:
    file = next(folds_dir(run_dir).glob("*/predictions_last.csv"))
    head, first, *rest = file.read_text().splitlines()
    cells = [*first.split(",")[:-1], "nan"]
    file.write_text("\n".join([head, ",".join(cells), *rest]) + "\n")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (forget_summary, "not finished"),
        (forget_predictions, "predictions_last.csv"),
        (empty_predictions, "no predictions"),
        (regroup, "as bright"),
        (merge_labels, "labels bright"),
        (not_finite, "not finite"),
    ],
)
def test_a_run_that_does_not_fit_is_refused(copied: Path, damage: Callable[[Path], None], words: str) -> None:
    damage(copied)
    with pytest.raises(RunError, match=words):
        audit_labels(copied)


def test_csv_and_json_have_every_doubtful_label(trained: Path, tmp_path: Path) -> None:
    found = audit_labels(trained)
    write_labels(found, tmp_path / "labels.csv", limit=1)
    write_labels(found, tmp_path / "labels.json", limit=1)
    with (tmp_path / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = json.loads((tmp_path / "labels.json").read_text())
    assert [one["name"] for one in rows] == [one.name for one in found.doubtful]
    assert [one["self_confidence"] for one in table["doubtful"]] == [
        one.self_confidence for one in found.doubtful
    ]
    assert float(rows[0]["self_confidence"]) == found.doubtful[0].self_confidence


def test_the_page_shows_faces_on_request_only(trained: Path, tmp_path: Path) -> None:
    found, file = audit_labels(trained), tmp_path / "labels.html"
    assert write_labels(found, file) == []
    text = file.read_text()
    assert "<img" not in text
    assert PLANTED[0] in text
    assert write_labels(found, file, limit=1, has_images=True) == []
    assert file.read_text().count("<img") == 1
    assert "images of people" in file.read_text()


def test_a_changed_or_missing_image_is_reported(trained: Path, copied: Path, tmp_path: Path) -> None:
    images = shutil.copytree(trained.parent / "images", tmp_path / "images")
    for file in [copied / "manifest.csv", *folds_dir(copied).glob("*/predictions_last.csv")]:
        file.write_text(file.read_text().replace(str(trained.parent / "images"), str(images)))
    found = audit_labels(copied)
    Path(found.doubtful[0].path).unlink()
    Image.new("RGB", (24, 24)).save(found.doubtful[1].path)
    (warning,) = write_labels(found, tmp_path / "labels.html", limit=2, has_images=True)
    assert warning.startswith("2 images cannot be shown")
    text = (tmp_path / "labels.html").read_text()
    assert "changed since the run" in text
    assert "<img" not in text


def test_the_lines_fit_the_terminal(trained: Path) -> None:
    lines = list(describe_labels(audit_labels(trained), 1, 80))
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith(("bright/", "dark/")) for line in lines) == 1
    assert lines[-1].startswith("and ") or len(audit_labels(trained).doubtful) == 1


def test_outputs_are_checked() -> None:
    with pytest.raises(RunError, match=r"\.csv"):
        check_label_outputs([Path("labels.txt")], has_images=False)
    with pytest.raises(RunError, match="--images"):
        check_label_outputs([Path("labels.csv")], has_images=True)
    check_label_outputs([Path("labels.csv"), Path("labels.html")], has_images=True)
