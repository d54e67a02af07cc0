"""`ferkit run` of estimators that use what the core gives them: a network, other data, a state."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ferkit.errors import ComponentError, DataError, RecipeError, RunError
from ferkit.loading import load_recipe
from ferkit.report.photographs import show_photographs
from ferkit.report.render import render
from ferkit.run import Order, run
from tests.test_run import RECIPE, ROOT


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(ROOT)
    file = tmp_path / "squares.toml"
    file.write_text(RECIPE.format(root=tmp_path / "photographs").replace("repeats = 2", "repeats = 1"))
    return file


def run_recipe(file: Path, *overrides: str) -> Path:
    checked, registry = load_recipe(str(file), overrides)
    return run(Order(checked, registry, file.parent / "run")).parent


def telling(tmp_path: Path, name: str = "others", per_class: int = 3) -> str:
    source = f'{{name="squares", root="{tmp_path / name}", per_class={per_class}}}'
    return f'estimator={{name="telling", source={source}}}'


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
    kept = folder / "cells" / "repeat0_fold0" / "model.safetensors"
    assert kept.exists() is is_trained
    assert (summary_of(folder)["parameters"] is not None) is is_trained
    assert not any("has no use for" in one for one in summary_of(folder)["notices"])


def test_a_network_that_is_not_used_is_said_and_not_recorded(recipe: Path) -> None:
    folder = run_recipe(recipe, 'estimator={name="majority"}')
    notices = summary_of(folder)["notices"]
    assert "The estimator 'majority' has no use for the recipe's [model], [fit]" in notices
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
    notices = summary_of(folder)["notices"]
    assert "The generator has collapsed (repeat 1, fold 1, epoch 2, and 1 more)" in notices
    page = (folder / "report.html").read_text()
    assert "The generator has collapsed" in page
    assert "loss adv: 1 in epoch 1, 0.5 in epoch 2." in page
    assert (folder / "figures" / "curves_details.png").exists()


def test_details_of_a_single_epoch_stand_in_a_table(recipe: Path, tmp_path: Path) -> None:
    folder = run_recipe(recipe, telling(tmp_path), "estimator.epochs=1")
    page = (folder / "report.html").read_text()
    assert "<th>source faces</th>" in page
    assert "curves_details" not in {path.stem for path in (folder / "figures").iterdir()}


def test_pictures_are_kept_and_shown_only_where_photographs_are_asked_for(
    recipe: Path, tmp_path: Path
) -> None:
    folder = run_recipe(recipe, telling(tmp_path))
    files = sorted(path.name for path in (folder / "cells" / "repeat0_fold1" / "pictures").iterdir())
    assert files == ["sheet_epoch001.png", "sheet_epoch002.png"]
    pixels = np.asarray(Image.open(folder / "cells" / "repeat0_fold1" / "pictures" / files[1]))
    assert pixels.shape == (4, 6, 3)
    assert (pixels == 80).all()
    assert "own pictures" not in (folder / "report.html").read_text()
    page = render(folder, show_photographs(folder)).read_text()
    assert page.count("sheet, repeat0_fold1, epoch 2") == 2  # caption and alternative text
    assert "epoch 1</figcaption>" not in page


def test_other_data_is_listed_with_its_hashes_and_counted(recipe: Path, tmp_path: Path) -> None:
    folder = run_recipe(recipe, telling(tmp_path))
    with (folder / "manifest_source.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert all(row["sha256"] and str(tmp_path / "others") in row["path"] for row in rows)
    assert not (folder / "cells" / "repeat0_fold0" / "state.pt").exists()
    notices = summary_of(folder)["notices"]
    assert "It learns from 6 photographs of source too; a face was found in 6" in notices


def test_tested_photographs_among_those_learnt_from_are_told(recipe: Path, tmp_path: Path) -> None:
    folder = run_recipe(recipe, telling(tmp_path, "photographs", per_class=6))
    notices = summary_of(folder)["notices"]
    assert any(
        one.startswith("12 photographs of source are byte for byte among the data's") for one in notices
    )


def test_other_data_without_a_face_is_refused(recipe: Path, tmp_path: Path) -> None:
    overrides = (telling(tmp_path, per_class=0),)
    with pytest.raises(DataError, match=r"estimator\.source: none of its 0 photographs gives a face"):
        run_recipe(recipe, *overrides)


def test_a_network_starts_from_an_earlier_runs(recipe: Path, tmp_path: Path) -> None:
    first = run_recipe(recipe)
    file = tmp_path / "kept.safetensors"
    (first / "cells" / "repeat0_fold0" / "model.safetensors").rename(file)
    (tmp_path / "run").rename(tmp_path / "first")
    again = run_recipe(recipe, f'model.initial="{file}"', "fit.epochs=1", "fit.optimizer.lr=1e-9")
    row = json.loads((again / "metrics.jsonl").read_text().splitlines()[0])
    before = json.loads((tmp_path / "first" / "metrics.jsonl").read_text().splitlines()[2])
    assert row["accuracy"] == before["accuracy"]
    (weights,) = json.loads((again / "summary.json").read_text())["weights"]
    assert (weights["name"], weights["file"]) == ("model.initial", "kept.safetensors")


def test_a_start_that_does_not_fit_is_refused(recipe: Path, tmp_path: Path) -> None:
    first = run_recipe(recipe, "fit.epochs=1")
    file = first / "cells" / "repeat0_fold0" / "model.safetensors"
    (tmp_path / "run").rename(tmp_path / "first")
    file = tmp_path / "first" / "cells" / "repeat0_fold0" / "model.safetensors"
    with pytest.raises(RecipeError, match="there is no file"):
        run_recipe(recipe, 'model.initial="gone.safetensors"')
    with pytest.raises(RunError, match="is of another network than the recipe's"):
        run_recipe(recipe, f'model.initial="{file}"', 'model.head={name="multiscale", stage="late"}')
    with pytest.raises(RunError, match="was trained with the labels anger, neutral; expected"):
        run_recipe(recipe, f'model.initial="{file}"', 'data.labels=["anger", "fear"]')


def test_a_head_that_does_not_tell_what_it_sees_is_named(recipe: Path) -> None:
    overrides = ['estimator={name="seeing"}', 'model.head={name="mute"}']
    with pytest.raises(ComponentError, match="TinyHead does not tell what its last layer is given"):
        run_recipe(recipe, *overrides)
