"""`ferkit run` of estimators that use what the core gives them: a network, other data, a state."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from ferkit.data.crops import CropResult
from ferkit.errors import ComponentError, DataError, RecipeError
from ferkit.experiment.run import RunRequest, run
from ferkit.neural.checkpoint import read_header, save_network
from ferkit.recipe.load import load_recipe
from ferkit.report.faces.section import show_images
from ferkit.report.render import render
from tests.experiment.test_run import RECIPE, ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(ROOT)
    file = tmp_path / "squares.toml"
    file.write_text(RECIPE.format(root=tmp_path / "images").replace("repeats = 2", "repeats = 1"))
    return file


def run_recipe(file: Path, *overrides: str) -> Path:
    checked, registry = load_recipe(str(file), overrides)
    return run(RunRequest(checked, registry, file.parent / "run")).parent


def telling(tmp_path: Path, name: str = "others", per_class: int = 3) -> str:
    source = f'{{name="squares", root="{tmp_path / name}", per_class={per_class}}}'
    return f'estimator={{name="telling", source={source}}}'


@pytest.mark.parametrize(("option", "faces"), [("", 0), (', source_detector={name="whole_image"}', 3)])
def test_another_data_set_has_a_detector_of_its_own(
    recipe: Path, tmp_path: Path, option: str, faces: int
) -> None:
    given = telling(tmp_path)[:-1] + f"{option}}}"
    folder = run_recipe(recipe, given, 'detector={name="blind"}', 'faces.no_face="whole_image"')
    assert summary_of(folder)
    with (folder / "manifest_source.csv").open() as file:
        assert sum(bool(row["score"]) for row in csv.DictReader(file)) == 2 * faces


def summary_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


@pytest.mark.parametrize("is_trained", [True, False])
def test_an_estimator_sees_by_the_recipes_network(recipe: Path, is_trained: bool) -> None:
    folder = run_recipe(recipe, f'estimator={{name="seeing", is_trained={str(is_trained).lower()}}}')
    scores = summary_of(folder)["scores"]
    assert list(scores) == ["last_epoch"]
    assert scores["last_epoch"]["accuracy"] > 0.8
    assert scores["last_epoch"]["selected_on_test"] is False
    kept = folder / "folds" / "repeat0_fold0" / "model.safetensors"
    assert kept.exists() is is_trained
    assert (summary_of(folder)["parameters"] is not None) is is_trained
    assert not any("has no use for" in one for one in summary_of(folder)["warnings"])


def test_a_network_that_is_not_used_is_said_and_not_recorded(recipe: Path) -> None:
    folder = run_recipe(recipe, 'estimator={name="majority"}')
    warnings = summary_of(folder)["warnings"]
    assert "The estimator 'majority' does not use [model], [fit] of the recipe" in warnings
    written = (folder / "recipe.toml").read_text()
    assert "[estimator]" in written
    assert "[fit" not in written
    assert "[model" not in written


def test_what_epochs_tell_stands_in_metrics_summary_and_report(recipe: Path, tmp_path: Path) -> None:
    folder = run_recipe(recipe, telling(tmp_path))
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["details"] for row in rows[:2]] == [
        {"source_faces": 6.0, "loss_adv": 1.0},
        {"source_faces": 6.0, "loss_adv": 0.5},
    ]
    assert [row["validation_loss"] for row in rows] == [row["nll"] for row in rows]
    warnings = summary_of(folder)["warnings"]
    assert "The generator has collapsed (repeat 1, fold 1, epoch 2, and 1 more)" in warnings
    page = (folder / "report.html").read_text()
    assert "The generator has collapsed" in page
    assert "loss adv: 1 in epoch 1, 0.5 in epoch 2." in page
    assert (folder / "figures" / "curves_details.png").exists()


def test_one_fit_has_no_curves_and_nothing_of_epochs_that_were_chosen(recipe: Path) -> None:
    folder = run_recipe(recipe, 'estimator={name="majority"}')
    page = (folder / "report.html").read_text()
    assert "<h2>Curves</h2>" not in page
    assert "One fit; no epoch was chosen" in page
    assert "Training accuracy is measured on augmented images" not in page


def test_one_fit_under_nested_says_that_nothing_was_chosen(recipe: Path, tmp_path: Path) -> None:
    folder = run_recipe(
        recipe, 'estimator={name="majority"}', 'protocol={name="nested", repeats=1, inner_folds=2}'
    )
    (score,) = summary_of(folder)["scores"].values()
    assert score["title"] == "One fit; no epoch was chosen; test images scored once"


def test_a_temperature_of_other_predictions_is_not_kept_with_the_network(recipe: Path) -> None:
    protocol = 'protocol={name="nested", repeats=1, inner_folds=2}'
    for estimator, is_kept in (([], True), (['estimator={name="seeing"}'], False)):
        folder = run_recipe(recipe, protocol, *estimator)
        with safe_open(folder / "folds" / "repeat0_fold0" / "model.safetensors", "pt") as file:
            temperature = json.loads(file.metadata()["ferkit"])["temperature"]
        assert (temperature is not None) is is_kept
        folder.rename(folder.with_name(f"run_{is_kept}"))


def test_the_table_of_a_grid_names_the_candidates(recipe: Path, tmp_path: Path) -> None:
    grid = 'grid={"estimator.confidence"=[0.8, 0.9]}'
    protocol = 'protocol={name="nested", repeats=1, inner_folds=2}'
    folder = run_recipe(recipe, telling(tmp_path), "estimator.epochs=1", protocol, grid)
    page = (folder / "report.html").read_text()
    assert "<th>candidate</th><th>source faces</th>" in page
    assert "Candidates of the grid" in page


def test_details_of_a_single_epoch_stand_in_a_table(recipe: Path, tmp_path: Path) -> None:
    folder = run_recipe(recipe, telling(tmp_path), "estimator.epochs=1")
    page = (folder / "report.html").read_text()
    assert "<th>source faces</th>" in page
    assert "curves_details" not in {path.stem for path in (folder / "figures").iterdir()}


def test_pictures_are_kept_and_shown_only_where_images_are_asked_for(recipe: Path, tmp_path: Path) -> None:
    folder = run_recipe(recipe, telling(tmp_path))
    files = sorted(path.name for path in (folder / "folds" / "repeat0_fold1" / "pictures").iterdir())
    assert files == ["sheet_epoch001.png", "sheet_epoch002.png"]
    pixels = np.asarray(Image.open(folder / "folds" / "repeat0_fold1" / "pictures" / files[1]))
    assert pixels.shape == (4, 6, 3)
    assert (pixels == 80).all()
    assert "Images from the estimator" not in (folder / "report.html").read_text()
    page = render(folder, show_images(folder)).read_text()
    assert page.count("sheet, repeat0_fold1, epoch 2") == 2  # caption and alternative text
    assert "epoch 1</figcaption>" not in page


def test_what_other_data_left_out_is_told_with_its_name(recipe: Path, tmp_path: Path) -> None:
    given = telling(tmp_path).replace('"squares"', '"sparing"')
    warnings = summary_of(run_recipe(recipe, given))["warnings"]
    assert "source: The dataset itself left out 4 of 10 images: 3 blurred, 1 without a label" in warnings


def test_other_data_is_listed_with_its_hashes_and_counted(recipe: Path, tmp_path: Path) -> None:
    folder = run_recipe(recipe, telling(tmp_path))
    with (folder / "manifest_source.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert all(row["sha256"] and str(tmp_path / "others") in row["path"] for row in rows)
    assert not (folder / "folds" / "repeat0_fold0" / "state.pt").exists()
    warnings = summary_of(folder)["warnings"]
    assert "The estimator also uses 6 images of source; a face was found in 6" in warnings


def test_copies_that_other_data_is_without_are_told_apart_from_the_runs_own(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave_out(crops: CropResult) -> CropResult:
        return replace(crops, warnings=(f"one copy less than {len(crops.faces)}",))

    monkeypatch.setattr("ferkit.data.faces.drop_duplicates", leave_out)
    warnings = summary_of(run_recipe(recipe, telling(tmp_path), 'faces.duplicates="drop"'))["warnings"]
    assert {"one copy less than 12", "source: one copy less than 6"} <= set(warnings)


def test_tested_images_among_those_learnt_from_are_told(recipe: Path, tmp_path: Path) -> None:
    folder = run_recipe(recipe, telling(tmp_path, "images", per_class=6))
    warnings = summary_of(folder)["warnings"]
    assert any(one.startswith("12 images of source are byte-for-byte duplicates") for one in warnings)


def test_other_data_without_a_face_is_refused(recipe: Path, tmp_path: Path) -> None:
    overrides = (telling(tmp_path, per_class=0),)
    with pytest.raises(DataError, match=r"estimator\.source: no face was found in its 0 images"):
        run_recipe(recipe, *overrides)


@pytest.fixture
def kept(recipe: Path, tmp_path: Path) -> Path:
    """The network of a first fold."""
    folder = run_recipe(recipe)
    folder.rename(tmp_path / "first")
    return tmp_path / "first" / "folds" / "repeat0_fold0" / "model.safetensors"


def test_a_network_starts_from_an_earlier_runs(recipe: Path, tmp_path: Path, kept: Path) -> None:
    again = run_recipe(recipe, f'model.initial="{kept}"', "fit.epochs=1", "fit.optimizer.lr=1e-9")
    row = json.loads((again / "metrics.jsonl").read_text().splitlines()[0])
    before = json.loads((tmp_path / "first" / "metrics.jsonl").read_text().splitlines()[2])
    assert row["accuracy"] == before["accuracy"]
    (weights,) = summary_of(again)["weights"]
    assert (weights["name"], weights["file"]) == ("model.initial", "model.safetensors")
    assert weights["trained_on"] == "an earlier run"


def test_a_network_of_other_classes_starts_from_an_earlier_runs_backbone(recipe: Path, kept: Path) -> None:
    known = {"format": 1, "source": "first, repeat0_fold0", "detector": {"name": "whole_image"}}
    known["model"] = {"backbone": {"name": "tiny"}}
    save_network(kept, load_file(kept), ["anger", "neutral"], description=known)
    overrides = ['data.labels=["anger", "fear"]', "fit.optimizer.lr=1e-9", "fit.epochs=1"]
    again = run_recipe(recipe, f'model.initial="{kept}"', "model.initial_part=backbone", *overrides)
    (weights,) = summary_of(again)["weights"]
    assert weights["trained_on"] == "an earlier run (first, repeat0_fold0); only its backbone is used"
    before, after = (load_file(file) for file in (kept, again / "folds" / "repeat0_fold0" / kept.name))
    for name in (name for name in before if name.endswith(".weight")):
        is_kept = bool(torch.allclose(before[name], after[name], atol=1e-6))
        assert is_kept == name.startswith("backbone."), name


def test_a_part_of_no_network_is_a_problem(recipe: Path) -> None:
    with pytest.raises(RecipeError, match=r"it selects a part of model\.initial, which is not set"):
        load_recipe(str(recipe), ["model.initial_part=backbone"])


def test_images_that_the_first_network_was_trained_on_are_told(recipe: Path, kept: Path) -> None:
    again = run_recipe(recipe, f'model.initial="{kept}"', "fit.epochs=1")
    told = "6 of 12 tested images are training images of model.initial"
    assert f"{told}: the scores are optimistic" in summary_of(again)["warnings"]
    # What that one was trained on is remembered by the next.
    header = read_header(again / "folds" / "repeat0_fold1" / "model.safetensors")
    assert len(header.trained_on) == 12


def test_a_first_network_that_does_not_say_what_it_was_trained_on_is_told(recipe: Path, kept: Path) -> None:
    save_network(kept, load_file(kept), ["anger", "neutral"])
    again = run_recipe(recipe, f'model.initial="{kept}"', "fit.epochs=1")
    told = "The training images of model.initial (model.safetensors) are unknown. They may be tested here"
    assert told in summary_of(again)["warnings"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ('model.initial="gone.safetensors"', "there is no file gone.safetensors"),
        ('model.head={name="multiscale", stage="late"}', "does not match the recipe's network"),
        ('model.backbone={name="tiny", is_frozen=true}', ""),
        ('model.initial="setup.toml"', "is no whole safetensors file"),
    ],
)
def test_a_start_that_does_not_fit_is_told_before_any_image_is_read(
    recipe: Path, tmp_path: Path, kept: Path, override: str, message: str
) -> None:
    junk = tmp_path / "setup.toml"
    junk.write_text("junk")
    overrides = [f'model.initial="{kept}"', override.replace("setup.toml", str(junk))]
    if not message:
        load_recipe(str(recipe), overrides)
        return
    with pytest.raises(RecipeError, match=message):
        load_recipe(str(recipe), overrides)


def test_a_run_folder_as_the_start_is_told_with_its_networks(recipe: Path, kept: Path) -> None:
    with pytest.raises(RecipeError, match=rf"Use {kept}, or another of its 2 networks"):
        load_recipe(str(recipe), [f'model.initial="{kept.parents[2]}"'])
    with pytest.raises(RecipeError, match="is a folder without one"):
        load_recipe(str(recipe), [f'model.initial="{kept.parent}"'])


def test_a_start_with_other_labels_is_told_before_any_image_is_opened(recipe: Path, kept: Path) -> None:
    overrides = [f'model.initial="{kept}"', 'data.labels=["anger", "fear"]', "data.per_class=2"]
    with pytest.raises(
        RecipeError, match="trained with the labels anger, neutral, but the data has anger, fear"
    ):
        run_recipe(recipe, *overrides)


def test_a_head_that_does_not_tell_what_it_sees_is_named(recipe: Path) -> None:
    overrides = ['estimator={name="seeing"}', 'model.head={name="mute"}']
    with pytest.raises(ComponentError, match="TinyHead cannot compute embeddings"):
        run_recipe(recipe, *overrides)
