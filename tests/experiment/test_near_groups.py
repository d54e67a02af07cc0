"""The protocol that keeps near duplicates together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ferkit.audit.run import AuditRequest, audit
from ferkit.data.split_file import read_split
from ferkit.errors import DataError
from ferkit.evaluation.run_files import read_images, read_predictions
from ferkit.experiment.near_groups import SPLIT
from ferkit.experiment.request import make_request
from ferkit.experiment.run import run
from ferkit.recipe.load import load_recipe
from tests.audit.drawn import draw, save

RECIPE = """\
name = "near"
detector = {{ name = "whole_image" }}

[data]
name = "image_folder"
root = "{root}"

[estimator]
name = "svm"
inner_by = "none"
C = [1.0]
gamma = [0.1]

[protocol]
name = "grouped"
by = "near_duplicates"
repeats = 1
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes of four images, each also smaller and compressed, and one also as it is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for number in range(8):
        folder = tmp_path / "faces" / ("happy", "sad")[number % 2]
        save(folder / f"{number}.png", draw(number, 160))
        save(folder / f"{number}_worn.jpg", draw(number, 90), quality=40)
    save(tmp_path / "faces" / "sad" / "again.png", draw(1, 160))
    file = tmp_path / "near.toml"
    file.write_text(RECIPE.format(root=tmp_path / "faces"))
    return file


def groups_of(folder: Path) -> dict[str, str]:
    return {Path(one.path).name: one.groups["near_duplicates"] for one in read_images(folder)}


def test_no_near_duplicate_is_in_two_folds_and_the_groups_are_recorded(recipe: Path) -> None:
    folder = recipe.parent / "run"
    run(make_request(recipe, out=folder))
    groups = groups_of(folder)
    assert len(set(groups.values())) == 8
    assert all(groups[f"{n}.png"] == groups[f"{n}_worn.jpg"] for n in range(8))
    assert groups["again.png"] == groups["1.png"]
    labels = json.loads((folder / "summary.json").read_text())["labels"]
    tests = []
    for fold in range(2):
        file = folder / "folds" / f"repeat0_fold{fold}" / "predictions_last.csv"
        tests.append({groups[Path(path).name] for path in read_predictions(file, labels).paths})
    assert not tests[0] & tests[1]
    split = read_split(str(folder / SPLIT))
    assert (split.by, [set(fold) for fold in split.folds]) == ("near_duplicates", tests)
    (words,) = (one for one in json.loads((folder / "summary.json").read_text())["warnings"] if "Near" in one)
    assert "8 groups of 17 images, at most 3 images in one (perceptual hash" in words


def test_groups_come_from_the_cache_and_a_damaged_cache_is_computed_again(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recipe.parent / "run"
    run(make_request(recipe, out=folder))
    (kept,) = (recipe.parent / "cache" / "ferkit" / "near_groups").rglob("*.json")
    kept.write_text("{")
    run(make_request(recipe, out=folder, resume=True))
    assert json.loads(kept.read_text())["numbers"]

    def fail(*_: object) -> None:
        raise AssertionError("the cache was not used")

    monkeypatch.setattr("ferkit.audit.near_groups.find_near_groups", fail)
    run(make_request(recipe, out=folder, resume=True))


def test_one_group_of_more_than_half_of_the_images_is_refused(recipe: Path) -> None:
    for number in range(20):
        folder = recipe.parent / "faces" / ("happy", "sad")[number % 2]
        save(folder / f"same{number}.png", draw(99, 60 + number))
    with pytest.raises(DataError, match=r"connect 20 of 37 images into one group, more than half \(percep"):
        run(make_request(recipe, out=recipe.parent / "run"))


def test_an_audit_of_the_recipe_finds_no_near_duplicate_on_both_sides(recipe: Path) -> None:
    loaded, registry = load_recipe(str(recipe))
    found = audit(AuditRequest(loaded, registry, True, seeds=1, has_faces=False)).crossings
    assert (found.problem, found.near_duplicates, found.test_images) == ("", 0.0, 17.0)
    random, _ = load_recipe(str(recipe), ['protocol={name="paper"}'])
    assert audit(AuditRequest(random, registry, True, seeds=1, has_faces=False)).crossings.near_duplicates > 0
