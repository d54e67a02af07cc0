"""A run whose recipe states no normalisation, from training to prediction."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import ferkit
from ferkit.errors import RunError
from ferkit.neural.checkpoint import read_header
from ferkit.neural.options import MeanAndStd
from ferkit.predict.model.from_run import open_run
from tests.experiment.test_run import RECIPE

HALF = MeanAndStd(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
CHANGES = (
    "fit.epochs=1",
    "protocol.folds=2",
    "protocol.repeats=1",
    "model.image_size=32",
    'model.backbone={name="timm", model="test_resnet", pretrained=false}',
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("normalize")
    (folder / "squares.toml").write_text(RECIPE.format(root=folder / "images"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr("ferkit.components.discovery.named_modules", [])
        return ferkit.train(folder / "squares.toml", CHANGES, folder / "run").folder


def test_the_network_records_the_values_of_the_backbone(run: Path) -> None:
    assert 'normalize = "pretrained"' in (run / "recipe.toml").read_text()
    assert read_header(run / "folds" / "repeat0_fold0" / "model.safetensors").normalize == HALF
    assert open_run(run, trust_plugins=True).description.model.normalize == HALF


@pytest.mark.parametrize("suffix", ["run", ".safetensors", ".onnx"])
def test_prediction_gives_the_probabilities_of_the_training(run: Path, tmp_path: Path, suffix: str) -> None:
    model = run
    if suffix != "run":
        model = tmp_path / f"m{suffix}"
        ferkit.export(run, model, trust_plugins=True)
    with (run / "folds" / "repeat0_fold0" / "predictions_last.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    ((face,),) = ferkit.Predictor(model, trust_plugins=True).predict(row["path"])
    found = {label: float(row[label]) for label in face.probabilities}
    assert face.probabilities == pytest.approx(found, abs=1e-5)
    assert max(face.probabilities.values()) < 0.999  # else any normalisation would give the same


def test_a_run_of_an_earlier_version_predicts_as_its_recipe_states(run: Path) -> None:
    file = run / "recipe.toml"
    now = file.read_text()
    file.write_text(now.replace('normalize = "pretrained"', 'normalize = "facenet"'))
    try:
        assert open_run(run, trust_plugins=True).description.model.normalize == "facenet"
        squares = run.parent / "squares.toml"
        with pytest.raises(RunError, match='normalize = "facenet"'):
            ferkit.train(squares, CHANGES, run, resume=True)
        ferkit.train(squares, [*CHANGES, "model.normalize=facenet"], run, resume=True)
    finally:
        file.write_text(now)
