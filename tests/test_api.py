"""`import ferkit`: training, evaluating and exporting from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import ferkit
from ferkit.errors import ComponentError, RecipeError, RunError
from ferkit.interfaces import Sample
from tests.experiment.test_run import RECIPE

CHANGES = ("fit.epochs=1", "protocol.folds=2", "protocol.repeats=1")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ferkit.Run:
    folder = tmp_path_factory.mktemp("api")
    (folder / "squares.toml").write_text(RECIPE.format(root=folder / "images"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr("ferkit.components.discovery.named_modules", [])
        return ferkit.train(folder / "squares.toml", CHANGES, folder / "run")


def ferkit_sample(row: dict[str, Any]) -> Sample:
    return Sample(Path(row["path"]), row["label"])


def test_a_run_has_scores_and_predictions_of_each_test_image(run: ferkit.Run) -> None:
    assert run.folds == [(0, 0), (0, 1)]
    assert set(run.scores) == set(run.summary.scores)
    assert not run.summary.scores[next(iter(run.scores))]["selected_on_test"]
    rows = run.predictions()
    assert len({row["path"] for row in rows}) == len(rows)
    right = sum(row["label"] == row["predicted"] for row in rows) / len(rows)
    assert right == pytest.approx(run.scores["last_epoch"])
    assert sum(rows[0][f"p_{label}"] for label in run.summary.labels) == pytest.approx(1, abs=1e-4)


def test_the_network_of_a_run_can_be_trained_further(run: ferkit.Run) -> None:
    network = ferkit.load_model(run.folder, fold=1, trust_plugins=True)
    logits = network.train()(torch.zeros(2, 3, 24, 24))
    assert logits.shape == (2, len(run.summary.labels))
    logits.sum().backward()
    assert any(one.grad is not None for one in network.parameters())


def test_a_run_predicts_and_is_exported(run: ferkit.Run, tmp_path: Path) -> None:
    image = run.predictions()[0]["path"]
    (rows,) = run.predictor(trust_plugins=True).predict(image)
    assert set(rows[0].probabilities) == set(run.summary.labels)
    ferkit.export(run.folder, tmp_path / "a.safetensors", trust_plugins=True)
    (same,) = ferkit.Predictor(tmp_path / "a.safetensors", trust_plugins=True).predict(image)
    assert same[0].probabilities == pytest.approx(rows[0].probabilities)


def test_a_model_is_evaluated_on_samples(run: ferkit.Run) -> None:
    samples = [ferkit_sample(row) for row in run.predictions()]
    found = ferkit.evaluate(run.folder, samples, trust_plugins=True)
    assert found.images == len(samples)


def test_without_a_folder_the_latest_run_of_the_recipe_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="Cannot resume quickstart"):
        ferkit.train("quickstart", resume=True)


def test_components_are_listed_and_built() -> None:
    assert {one.kind for one in ferkit.list_components("loss")} == {"loss"}
    assert len(ferkit.list_components()) > len(ferkit.list_components("loss"))
    loss = ferkit.create("loss", "focal", {"num_classes": 3}, gamma=1.0)
    assert loss(torch.zeros(2, 3), torch.tensor([0, 1])).shape == ()
    with pytest.raises(ComponentError, match="focal"):
        ferkit.create("loss", "fokal")


def test_a_dataset_gives_its_samples(tmp_path: Path) -> None:
    for label in ("happy", "sad"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.png").touch()
    samples = ferkit.load_dataset("image_folder", root=str(tmp_path))
    assert [one.label for one in samples] == ["happiness", "sadness"]


def test_a_recipe_is_loaded_with_all_its_problems() -> None:
    assert ferkit.load_recipe("quickstart", ["fit.epochs=2"]).fit.epochs == 2
    with pytest.raises(RecipeError) as caught:
        ferkit.load_recipe("quickstart", ["fit.epoch=3", "model.head.name=lineer"])
    assert [one.where for one in caught.value.problems] == ["fit.epoch", "model.head.name"]
