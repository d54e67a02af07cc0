"""What --model takes, and what it refuses."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from ferkit.assess.evaluate import evaluate
from ferkit.data.options import FaceOptions
from ferkit.errors import ComponentError, RunError
from ferkit.evaluation.run_files import read_predictions
from ferkit.experiment.run import RunRequest, run
from ferkit.neural.checkpoint import save_network
from ferkit.predict import Predictor
from ferkit.predict.model.description import Description
from ferkit.predict.model.load import load_model, load_network, read_description
from ferkit.predict.model.which import WhichNetwork
from ferkit.recipe.load import load_recipe
from tests.experiment.test_run import RECIPE, Interrupted
from tests.predict.drawn import LABELS, describe, picture, write_model
from tests.predict.trained import train_squares

SETTINGS = ["fit.epochs=2", "protocol.repeats=1"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of squares: folder/run, the images beside it."""
    return train_squares(tmp_path_factory.mktemp("trained"), SETTINGS)


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


def test_a_run_predicts_what_it_recorded_of_its_test_images(trained: Path) -> None:
    for fold in (0, 1):
        file = trained / "folds" / f"repeat0_fold{fold}" / "predictions_last.csv"
        recorded = read_predictions(file, ["anger", "neutral"])
        found = Predictor(trained, fold=fold).predict(recorded.paths)
        given = [list(rows[0].probabilities.values()) for rows in found]
        assert given == [pytest.approx(row, abs=1e-5) for row in recorded.probabilities.tolist()]


def test_without_a_fold_it_is_the_first_and_said(trained: Path) -> None:
    loaded = load_model(trained)
    assert loaded.title == f"{trained}: network of repeat 0, fold 0, one of 2 (another: --repeat 0 --fold 1)"
    assert loaded.description.source == "squares, repeat 0, fold 0"
    assert loaded.description.labels == ("anger", "neutral")
    assert loaded.description.metrics["protocol"] == "paper"
    assert set(loaded.description.metrics["scores"]) == {"best_epoch", "best_common_epoch", "last_epoch"}


def test_a_runs_network_may_be_named_itself(trained: Path) -> None:
    file = trained / "folds" / "repeat0_fold1" / "model.safetensors"
    assert load_model(file).description.source == "squares, repeat 0, fold 1"


def test_an_unknown_fold_is_refused_with_those_that_there_are(trained: Path) -> None:
    with pytest.raises(RunError, match=r"no network of repeat 0, fold 2\. Networks: repeat 0, fold 0; "):
        load_model(trained, WhichNetwork(0, 2))


def test_a_network_of_an_interrupted_run_is_used_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    nested = ['protocol={name="nested", repeats=1, inner_folds=3}', "fit.epochs=3", "data.per_class=9"]
    (tmp_path / "squares.toml").write_text(RECIPE.format(root=tmp_path / "images"))
    checked, registry = load_recipe(str(tmp_path / "squares.toml"), nested)
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run(RunRequest(checked, registry, folder), Interrupted(1))
    message = f"the run is not finished: its network comes from epoch 1 of 3. .*--out {folder} --resume"
    for use in (
        lambda: Predictor(folder),
        lambda: load_network(folder),
        lambda: evaluate(folder, tmp_path / "squares.toml"),
    ):
        caplog.clear()
        use()
        (text,) = [one.getMessage() for one in caplog.records if one.name == "ferkit"]
        assert re.search(message, text)
    found = evaluate(folder, tmp_path / "squares.toml")
    assert any(re.search(message, one) for one in found.warnings)
    run(RunRequest(checked, registry, folder, is_resumed=True))
    caplog.clear()
    assert Predictor(folder).warning == ""
    assert not caplog.records


def test_a_run_that_was_not_finished_predicts_by_the_folds_that_were(copied: Path) -> None:
    (copied / "summary.json").unlink()
    (copied / "folds" / "repeat0_fold0" / "model.safetensors").unlink()
    loaded = load_model(copied)
    assert "its only network (repeat 0, fold 1)" in loaded.title
    assert loaded.description.metrics == {}
    assert "the run is not finished. Resume it" in loaded.warning
    (copied / "folds" / "repeat0_fold1" / "model.safetensors").unlink()
    with pytest.raises(RunError, match="holds no network yet"):
        load_model(copied)


def test_the_images_that_a_run_was_trained_on_need_not_be_there(copied: Path) -> None:
    recipe = (copied / "recipe.toml").read_text().replace("images", "gone")
    (copied / "recipe.toml").write_text(recipe)
    assert load_model(copied).description.labels == ("anger", "neutral")


def test_a_network_of_other_labels_than_the_runs_is_refused(copied: Path) -> None:
    file = copied / "folds" / "repeat0_fold0" / "model.safetensors"
    save_network(file, load_file(file), ["neutral", "anger"])
    with pytest.raises(RunError, match="has labels neutral, anger, but the run has anger, neutral"):
        load_model(copied)


def test_a_temperature_of_the_fold_is_used(copied: Path) -> None:
    file = copied / "folds" / "repeat0_fold0" / "model.safetensors"
    ((before,),) = Predictor(copied).predict([picture()])
    save_network(file, load_file(file), ["anger", "neutral"], temperature=5.0, normalize="facenet")
    ((after,),) = Predictor(copied).predict([picture()])
    assert 0.5 < max(after.probabilities.values()) < max(before.probabilities.values())


def test_a_run_of_another_estimator_than_a_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(
        'name = "svm"\n[data]\nname = "synthetic"\n[estimator]\nname = "svm"\n'
    )
    with pytest.raises(RunError, match="a run of the estimator 'svm'"):
        load_model(tmp_path)


def test_a_folder_that_is_no_run_and_a_recipe_of_another_ferkit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is no run's folder"):
        load_model(tmp_path)
    (tmp_path / "recipe.toml").write_text('name = "a"\nunheard_of = 3\n[data]\nname = "synthetic"\n')
    with pytest.raises(RunError, match=r"recipe\.toml: unheard_of"):
        load_model(tmp_path)


def test_a_description_is_read_as_it_was_written(tmp_path: Path) -> None:
    margin = FaceOptions(margin=0.3)
    measured = {"data": "d", "scores": {"last_epoch": {"title": "Last epoch", "accuracy": 0.5}}}
    written = describe(faces=margin, temperature=1.7, source="a run", metrics=measured)
    file = write_model(tmp_path / "m.safetensors", faces=margin, temperature=1.7, source="a run")
    assert Description.read(json.loads(json.dumps(written.as_table())), "here") == written
    assert read_description(file) == describe(faces=margin, temperature=1.7, source="a run")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        ({"format": 2}, "of format 2, this ferkit reads format 1: update ferkit"),
        ({"labels": []}, "labels"),
        ({"temperature": 0.0}, "temperature"),
        ({"model": {"image_size": 3}}, "model.image_size"),
    ],
)
def test_a_description_with_a_problem_names_it(harm: dict[str, object], message: str) -> None:
    with pytest.raises(RunError, match=message):
        Description.read({**describe().as_table(), **harm}, "model.safetensors")


def test_what_a_later_ferkit_adds_to_a_description_is_passed_over() -> None:
    assert Description.read({**describe().as_table(), "card": "…"}, "here") == describe()


def test_a_network_alone_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = write_model(tmp_path / "whole.safetensors")
    save_network(tmp_path / "bare.safetensors", load_file(file), LABELS)
    with pytest.raises(RunError, match="ferkit export RUN"):
        load_model(tmp_path / "bare.safetensors")


def test_a_file_whose_network_is_another_than_it_describes_is_refused(tmp_path: Path) -> None:
    file = write_model(tmp_path / "m.safetensors")
    tensors = {name: one for name, one in load_file(file).items() if "head" not in name}
    save_file(tensors, file, {"ferkit": json.dumps(describe().as_table())})
    with pytest.raises(RunError, match="does not match the recipe's network"):
        load_model(file)


def test_a_file_that_needs_a_plugin_that_is_not_here_says_so(tmp_path: Path) -> None:
    file = write_model(tmp_path / "m.safetensors")
    table = {**describe().as_table(), "plugins": ["no_such_plugin"]}
    save_file(load_file(file), file, {"ferkit": json.dumps(table)})
    with pytest.raises(ComponentError, match="it needs 'no_such_plugin', which no installed plugin provides"):
        load_model(file)


@pytest.mark.parametrize("name", ["model.txt", "model.safetensors", "model.onnx", "model.pt2"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("nothing")
    with pytest.raises(RunError, match=name):
        load_model(tmp_path / name)


@pytest.mark.parametrize("load", [load_model, load_network])
def test_a_file_has_no_folds(
    trained: Path, model: Path, load: Callable[[Path, WhichNetwork], object]
) -> None:
    for file in (model, trained / "folds" / "repeat0_fold1" / "model.safetensors"):
        with pytest.raises(RunError, match="only a run's folder has folds"):
            load(file, WhichNetwork(0, 0))


def test_a_model_that_ferkit_brings_is_known_by_its_name_and_one_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("find", "load"):
        monkeypatch.setattr(f"ferkit.predict.model.{module}.BUNDLED", tmp_path)
    with pytest.raises(RunError, match="No model is given"):
        load_model()
    write_model(tmp_path / "default.safetensors")
    write_model(tmp_path / "large.safetensors", source="the large one")
    assert load_model().title.startswith("default, bundled; model card: ")
    assert load_model("large").title.startswith("large, bundled")
    with pytest.raises(RunError, match="Did you mean 'large'"):
        load_model("larg")
