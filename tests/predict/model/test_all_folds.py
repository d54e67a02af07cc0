"""The mean of a run's folds as one model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import ferkit
from ferkit.errors import RunError
from ferkit.neural.checkpoint import load_network as load_tensors
from ferkit.neural.checkpoint import read_header, save_network
from ferkit.neural.options import MeanAndStd, Normalize
from ferkit.predict import Predictor
from ferkit.predict.model.description import Description
from ferkit.predict.model.export import astronauts, export_model
from ferkit.predict.model.load import load_model, load_network
from ferkit.predict.model.which import WhichNetwork
from tests.predict.drawn import picture
from tests.predict.trained import train_squares

SETTINGS = ["fit.epochs=2", "protocol.name=nested", "protocol.repeats=2", "data.per_class=8"]
LABELS = ["anger", "neutral"]
ALL = WhichNetwork(fold="all")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two repeats, whose networks have different temperatures."""
    run = train_squares(tmp_path_factory.mktemp("trained"), SETTINGS)
    for number, file in enumerate(sorted(run.glob("folds/*/model.safetensors"))):
        images = [f"{number}" * 16, "f" * 16]
        save_network(file, load_tensors(file, LABELS), LABELS, 1.0 + number, images, normalize="facenet")
    return run


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


def classify(run: Path, which: WhichNetwork) -> np.ndarray:
    model = load_model(run, which, "cpu")
    return model.classify(astronauts(model.description))


@pytest.mark.parametrize("repeat", [None, 0, 1])
def test_all_folds_give_the_mean_of_a_repeats_probabilities(trained: Path, repeat: int | None) -> None:
    each = [classify(trained, WhichNetwork(repeat or 0, fold)) for fold in (0, 1)]
    found = classify(trained, WhichNetwork(repeat, "all"))
    np.testing.assert_allclose(found, np.mean(each, axis=0), atol=1e-6)
    assert np.abs(each[0] - each[1]).max() > 1e-3
    assert np.abs(found - classify(trained, WhichNetwork(1 - (repeat or 0), "all"))).max() > 1e-4


def test_a_predictor_says_that_it_is_a_mean_and_of_which_folds(trained: Path) -> None:
    predictor = Predictor(trained, fold="all", repeat=1)
    assert predictor.title == f"{trained}: mean of the 2 folds of repeat 1"
    ((row,),) = predictor.predict([picture()])
    each = [Predictor(trained, repeat=1, fold=fold).predict([picture()])[0][0] for fold in (0, 1)]
    expected = {name: (each[0].probabilities[name] + each[1].probabilities[name]) / 2 for name in LABELS}
    assert row.probabilities == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("suffix", ["onnx", "pt2"])
def test_all_folds_are_exported_as_one_graph(trained: Path, tmp_path: Path, suffix: str) -> None:
    if suffix == "onnx":
        pytest.importorskip("onnxscript")
    made = export_model(trained, tmp_path / f"all.{suffix}", ALL)
    model = load_model(made.file, device="cpu")
    assert "mean of the 2 folds of repeat 0" in model.description.source
    faces = astronauts(model.description)
    for count in (1, 3, 4):
        expected = load_model(trained, ALL, "cpu").classify(faces[:count])
        np.testing.assert_allclose(model.classify(faces[:count]), expected, atol=1e-6)


def test_onnxruntime_alone_gives_the_mean(trained: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    made = export_model(trained, tmp_path / "all.onnx", ALL)
    session = onnxruntime.InferenceSession(str(made.file), providers=["CPUExecutionProvider"])
    faces = astronauts(made.description)
    (found,) = session.run(None, {"images": np.ascontiguousarray(faces.transpose(0, 3, 1, 2))})
    expected = np.mean([classify(trained, WhichNetwork(0, fold)) for fold in (0, 1)], axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert [one.shape[1:] for one in session.get_inputs()] == [[3, 24, 24]]
    assert not isinstance(session.get_inputs()[0].shape[0], int)


def test_a_file_for_one_network_is_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"fold 'all'.*Use \.onnx or \.pt2"):
        export_model(trained, tmp_path / "all.safetensors", ALL)
    assert list(tmp_path.iterdir()) == []


def test_the_training_images_are_those_of_every_fold(trained: Path) -> None:
    loaded = load_network(trained, WhichNetwork(1, "all"))
    assert loaded.trained_on == {"2" * 16, "3" * 16, "f" * 16}
    assert loaded.temperatures == (3.0, 4.0)
    assert loaded.fold == "all"


def test_a_probability_that_is_too_small_for_float32_stays_finite(copied: Path) -> None:
    for fold in (0, 1):
        file = copied / "folds" / f"repeat0_fold{fold}" / "model.safetensors"
        save_network(file, load_tensors(file, LABELS), LABELS, 1e-4, normalize="facenet")
    found = classify(copied, ALL)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_an_unfinished_run_is_refused_with_how_to_finish_it(copied: Path) -> None:
    (copied / "summary.json").unlink()
    with pytest.raises(RunError, match=r"not finished\. Finish it: ferkit run .* --resume"):
        load_model(copied, ALL)


def test_a_fold_without_its_network_is_named(copied: Path) -> None:
    (copied / "folds" / "repeat0_fold1" / "model.safetensors").unlink()
    with pytest.raises(RunError, match=r"repeat0_fold1/model\.safetensors is missing"):
        load_model(copied, ALL)


def test_a_repeat_that_is_not_there_is_refused(trained: Path) -> None:
    with pytest.raises(RunError, match="has no repeat 2"):
        load_model(trained, WhichNetwork(2, "all"))


@pytest.mark.parametrize("folds", [None, 5, "ab", [7, 7], [[0.5] * 9]])
def test_a_summary_with_other_folds_is_refused(copied: Path, folds: object) -> None:
    file = copied / "summary.json"
    table = json.loads(file.read_text())
    for score in table["scores"].values():
        score["folds"] = folds
    file.write_text(json.dumps(table))
    with pytest.raises(RunError, match=r"has no repeat 0|is missing"):
        load_model(copied, ALL)


def test_folds_that_need_other_images_are_refused(copied: Path) -> None:
    text = (copied / "recipe.toml").read_text()
    (copied / "recipe.toml").write_text(text + '\n[grid]\n"model.image_size" = [24, 32]\n')
    for fold, candidate in enumerate((0, 1)):
        file = copied / "folds" / f"repeat0_fold{fold}" / "choice.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "candidate": candidate}))
    with pytest.raises(RunError, match=r"model\.image_size is 24 in repeat0_fold0 and 32 in repeat0_fold1"):
        load_model(copied, ALL)


def test_the_scores_are_said_to_be_of_the_single_networks(trained: Path) -> None:
    description = load_network(trained, ALL).description
    (score,) = description.metrics["scores"].values()
    assert "was not scored" in score["title"]
    assert Description.read(description.as_table(), "a test") == description


@pytest.mark.parametrize("fold", ["every", -1, True, 1.5, ""])
def test_a_fold_that_is_none_is_refused(trained: Path, fold: object) -> None:
    with pytest.raises(RunError, match='fold: expected a number from 0, "all" or "refit"'):
        Predictor(trained, fold=fold)  # type: ignore[arg-type]


def test_a_run_without_a_refit_network_says_how_to_add_it(trained: Path) -> None:
    with pytest.raises(RunError, match=r"has none\. Add it: ferkit run .* --resume --refit"):
        load_model(trained, WhichNetwork(fold="refit"))
    with pytest.raises(RunError, match="belongs to no repeat"):
        Predictor(trained, repeat=0, fold="refit")


def test_from_python_all_folds_are_exported_but_are_no_single_network(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Cannot load fold 'all' as one network"):
        ferkit.load_model(trained, fold="all")
    made = ferkit.export(trained, tmp_path / "all.pt2", fold="all", repeat=1)
    assert "mean of the 2 folds of repeat 1" in made.description.source
    told = ferkit.Run(trained).predictor(fold="all").title
    assert told == f"{trained}: mean of the 2 folds of repeat 0"


def test_a_networks_file_is_opened_by_a_relative_path(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trained / "folds")
    file = Path("repeat1_fold0") / "model.safetensors"
    assert load_model(file).description.source == "squares, repeat 1, fold 0"
    assert read_header(file).labels == LABELS


def write_normalizations(run: Path, *several: Normalize) -> None:
    for fold, one in enumerate(several):
        file = run / "folds" / f"repeat0_fold{fold}" / "model.safetensors"
        save_network(file, load_tensors(file, LABELS), LABELS, normalize=one)
    text = (run / "recipe.toml").read_text()
    (run / "recipe.toml").write_text(text.replace('normalize = "facenet"', 'normalize = "pretrained"'))


def test_normalizations_are_compared_by_value(copied: Path) -> None:
    table = MeanAndStd(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    write_normalizations(copied, "imagenet", table)
    assert load_model(copied, ALL)
    write_normalizations(copied, "facenet", table)
    with pytest.raises(RunError, match=r"normalize is facenet in .* and mean 0\.485, .*--fold refit"):
        load_model(copied, ALL)


def test_a_search_is_not_advised_to_refit(copied: Path) -> None:
    space = '\n[search]\ntrials = 1\nspace = {"fit.optimizer.lr" = {low = 0.01, high = 0.02}}\n'
    (copied / "recipe.toml").write_text((copied / "recipe.toml").read_text() + space)
    write_normalizations(copied, "facenet", "imagenet")
    for file in copied.glob("folds/*/choice.json"):
        choice = {**json.loads(file.read_text()), "settings": {"fit.optimizer.lr": 0.02}, "candidate": 0}
        file.write_text(json.dumps(choice))
    for which in (ALL, WhichNetwork(fold="refit")):
        with pytest.raises(RunError, match=r"Use one --fold\.$"):
            load_model(copied, which)
