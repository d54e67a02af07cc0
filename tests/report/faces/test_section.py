"""The part of the page with images, on a run of squares."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from ferkit.evaluation.run_files import read_predictions
from ferkit.experiment.run import RunRequest, run
from ferkit.recipe.load import load_recipe
from ferkit.report import render
from ferkit.report.faces.section import Images, show_images
from ferkit.report.faces.thumbnails import encode_face, tell_map
from tests.experiment.test_run import RECIPE, ROOT

WARNING = "This page contains images of people."


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(ROOT)
    file = tmp_path / "squares.toml"
    file.write_text(RECIPE.format(root=tmp_path / "images"))
    return file


def run_recipe(file: Path, *overrides: str) -> Path:
    """One epoch of next to no training, so that there are mistakes."""
    settings = ["fit.epochs=1", "fit.optimizer.lr=1e-6", "protocol.repeats=1", *overrides]
    checked, registry = load_recipe(str(file), settings)
    return run(RunRequest(checked, registry, file.parent / "run")).parent


def section(folder: Path, images: Images) -> str:
    return render(folder, images).read_text().split("<h2>Images</h2>")[1].split("<h2>")[0]


def wrong_images(folder: Path) -> dict[str, float]:
    """Name -> probability of what it was wrongly taken for."""
    found = {}
    for fold in (0, 1):
        file = folder / "folds" / f"repeat0_fold{fold}" / "predictions_last.csv"
        one = read_predictions(file, ["anger", "neutral"])
        rows = zip(one.paths, one.truth, one.predicted, one.probabilities.max(axis=1), strict=True)
        found |= {Path(path).name: p for path, true, predicted, p in rows if true != predicted}
    return found


def test_mistakes_are_the_predictions_that_are_wrong_the_surest_first(recipe: Path) -> None:
    folder = run_recipe(recipe)
    shown = show_images(folder)
    wrong = wrong_images(folder)
    assert shown.warnings == []
    assert [one.file for one in shown.mistakes] == sorted(wrong, key=lambda name: -wrong[name])
    first = shown.mistakes[0]
    other = {"anger": "neutral", "neutral": "anger"}
    label = first.file.split("_")[0]
    assert first.caption.startswith(f"{label}, predicted {other[label]}: {100 * wrong[first.file]:.1f}%")
    assert first.alternative.startswith(f"A face labelled {label}, predicted {other[label]}")


def test_of_each_class_a_test_image_is_explained(recipe: Path) -> None:
    folder = run_recipe(recipe)
    shown = show_images(folder)
    labels = [one.caption.split(",")[0] for one in shown.attention]
    assert labels == ["anger", "neutral"] * 3  # six images are tested in a fold
    assert shown.map_size == "5 × 5"
    assert all("The map is strongest at the" in one.alternative for one in shown.attention)


def test_the_page_warns_that_it_shows_people_and_embeds_every_picture(recipe: Path) -> None:
    folder = run_recipe(recipe)
    shown = show_images(folder)
    text = section(folder, shown)
    assert WARNING in text
    sources = re.findall(r'src="([^"]{30})', text)
    assert len(sources) == len(shown.mistakes) + len(shown.attention)
    assert all(one.startswith("data:image/jpeg;base64,") for one in sources)
    assert "Selvaraju et al. 2017" in text
    assert not list(folder.rglob("*.jp*g"))  # nowhere but on the page


@pytest.mark.parametrize("harm", ["removed", "replaced"])
def test_images_that_are_gone_or_others_are_said_and_not_shown(recipe: Path, harm: str) -> None:
    folder = run_recipe(recipe)
    name = show_images(folder).mistakes[0].file
    image = recipe.parent / "images" / name
    if harm == "removed":
        image.unlink()
    else:
        other = next(one for one in image.parent.iterdir() if one != image)
        image.write_bytes(other.read_bytes())
    shown = show_images(folder)
    (warning,) = shown.warnings
    assert warning.startswith("Cannot show images: ")
    assert name in warning
    assert not shown.mistakes
    assert not shown.attention
    assert WARNING not in section(folder, shown)


def test_an_estimator_that_is_no_network_has_mistakes_only(recipe: Path) -> None:
    folder = run_recipe(recipe, 'estimator={name="majority", confidence=0.9}')
    shown = show_images(folder)
    assert len(shown.mistakes) == 6
    assert shown.attention == []
    assert shown.warnings == ["No Grad-CAM: the estimator 'majority' has no feature maps."]


def test_without_the_network_there_are_mistakes_only(recipe: Path) -> None:
    folder = run_recipe(recipe)
    (folder / "folds" / "repeat0_fold0" / "model.safetensors").unlink()
    shown = show_images(folder)
    assert shown.mistakes
    assert shown.attention == []
    assert "model.safetensors is missing" in shown.warnings[0]


def test_a_network_of_another_shape_is_said_in_one_sentence(recipe: Path) -> None:
    folder = run_recipe(recipe)
    file = folder / "folds" / "repeat0_fold0" / "model.safetensors"
    tensors = {name: one for name, one in load_file(file).items() if "head" not in name}
    save_file(tensors, file, {"labels": json.dumps(["anger", "neutral"])})
    (warning,) = show_images(folder).warnings
    assert "does not match the recipe's network" in warning
    assert "\n" not in warning


def test_a_network_that_answers_otherwise_than_recorded_is_noticed(recipe: Path) -> None:
    folder = run_recipe(recipe)
    file = folder / "folds" / "repeat0_fold0" / "model.safetensors"
    tensors = load_file(file)
    tensors["head.classify.bias"] += torch.tensor([5.0, -5.0])
    save_file(tensors, file, {"labels": json.dumps(["anger", "neutral"])})
    (warning,) = show_images(folder).warnings
    assert warning.startswith("Probabilities of the kept network differ")


def test_a_map_of_one_place_is_not_shown(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = run_recipe(recipe)
    monkeypatch.setattr("ferkit.report.faces.explain.attention_map", lambda *_: np.ones((1, 1), np.float32))
    shown = show_images(folder)
    assert not shown.attention
    assert shown.warnings == ["No Grad-CAM: the feature map of the head has one position only."]


def test_where_a_map_is_strongest_is_told_in_words() -> None:
    found = np.zeros((4, 4), dtype=np.float32)
    assert tell_map(found) == "No position raises the logit."
    found[0, 3] = 1
    assert tell_map(found) == "The map is strongest at the top right."


def test_a_face_keeps_its_shape_and_is_224_pixels_at_its_longer_side() -> None:
    source = encode_face(np.zeros((50, 100, 3), dtype=np.uint8))
    content = base64.b64decode(source.removeprefix("data:image/jpeg;base64,"))
    assert Image.open(io.BytesIO(content)).size == (224, 112)


def test_with_a_grid_the_chosen_candidates_network_is_rebuilt(recipe: Path) -> None:
    nested = ['protocol={name="nested", repeats=1, inner_folds=3}', 'grid={"model.image_size"=[24, 32]}']
    folder = run_recipe(recipe, "data.per_class=12", *nested)
    choice = json.loads((folder / "folds" / "repeat0_fold0" / "choice.json").read_text())
    shown = show_images(folder)
    assert shown.attention
    assert shown.map_size == {24: "5 × 5", 32: "7 × 7"}[choice["settings"]["model.image_size"]]
