"""`import ferkit`: training, evaluating and exporting from Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ferkit
from ferkit.errors import ComponentError, DataError, RecipeError, RunError
from ferkit.interfaces import Sample
from tests.experiment.parts import pools
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


def samples_of(run: ferkit.Run) -> list[Sample]:
    table = run.predictions()
    return [Sample(Path(path), label) for path, label in zip(table["path"], table["label"], strict=True)]


def test_a_run_has_scores_and_predictions_of_each_test_image(run: ferkit.Run) -> None:
    assert run.folds == [(0, 0), (0, 1)]
    assert set(run.scores) == set(run.summary.scores)
    assert not run.summary.scores[next(iter(run.scores))]["selected_on_test"]
    table = run.predictions()
    shares = [f"p_{label}" for label in run.summary.labels]
    assert list(table) == ["repeat", "fold", "path", "label", "predicted", *shares]
    assert table["path"].is_unique
    assert sorted(set(zip(table["repeat"], table["fold"], strict=True))) == run.folds
    accuracy = ferkit.metrics.accuracy(table["label"], table["predicted"])
    assert accuracy == pytest.approx(run.scores["last_epoch"])
    assert table[shares].sum(axis=1).tolist() == pytest.approx([1] * len(table), abs=1e-4)
    predicted = table[shares].idxmax(axis=1).str.removeprefix("p_")
    assert predicted.tolist() == table["predicted"].tolist()


def test_a_network_of_a_run_gives_the_recorded_probabilities(run: ferkit.Run) -> None:
    network = run.model(fold=1, trust_plugins=True)
    assert network.labels == run.summary.labels
    table = run.predictions().query("fold == 1")
    with torch.no_grad():
        found = network(network.preprocess(table["path"])).softmax(dim=1)
    expected = table[[f"p_{label}" for label in network.labels]].to_numpy()
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)
    assert network.embed(network.preprocess([table["path"].iloc[0]])).ndim == 2


def test_preprocessing_takes_what_a_predictor_takes(run: ferkit.Run, tmp_path: Path) -> None:
    network = run.model(trust_plugins=True)
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    one = network.preprocess(image)
    assert (one.shape, one.dtype) == ((3, 24, 24), torch.float32)
    for same in (tmp_path / "a.png", Image.fromarray(image), (tmp_path / "a.png").read_bytes()):
        torch.testing.assert_close(network.preprocess(same), one)
    torch.testing.assert_close(network.preprocess(image[..., ::-1], bgr=True), one)
    torch.testing.assert_close(network.preprocess([image, image]), torch.stack([one, one]))
    assert network.preprocess([]).shape == (0, 3, 24, 24)
    cropped = network.preprocess(image[10:30, 5:25])
    torch.testing.assert_close(network.preprocess(image, box=(5, 10, 25, 30)), cropped)
    with pytest.raises(DataError, match="box"):
        network.preprocess([image], box=(5, 10, 25, 30))
    with pytest.raises(DataError, match="image 1"):
        network.preprocess([image, None])  # type: ignore[list-item]


def test_a_network_is_trained_on_evaluated_and_exported(run: ferkit.Run, tmp_path: Path) -> None:
    samples = samples_of(run)
    network = run.model(trust_plugins=True)
    before = ferkit.evaluate(network, samples)
    assert before.trained_on == ferkit.evaluate(run.folder, samples, trust_plugins=True).trained_on
    assert before.trained_on
    images = network.preprocess([one.path for one in samples])
    targets = torch.tensor([network.labels.index(one.label) for one in samples])
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    network.train()
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images), targets).backward()
        optimizer.step()
    after = ferkit.evaluate(network, samples)
    assert network.training
    assert after.trained_on is None  # the loop's images are unknown to ferkit
    assert "trained further" in after.warnings[0]
    assert "trained further" not in " ".join(before.warnings)
    assert after.scores["nll"].value < before.scores["nll"].value
    expected = ferkit.Predictor(network).predict(str(samples[0].path))[0][0]
    for name in ("a.safetensors", "a.onnx"):
        made = ferkit.export(network, tmp_path / name)
        assert made.description.metrics == {}
        assert "trained further" in made.description.source
        (face,) = ferkit.Predictor(tmp_path / name, trust_plugins=True)(samples[0].path)
        assert face.probabilities == pytest.approx(expected.probabilities, abs=1e-5)


def test_a_network_that_is_as_it_was_keeps_what_is_known_of_it(run: ferkit.Run, tmp_path: Path) -> None:
    network = run.model(trust_plugins=True)
    made = ferkit.export(network, tmp_path / "a.safetensors", half=True)
    again = ferkit.export(run.folder, tmp_path / "b.safetensors", half=True, trust_plugins=True)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert made.description.metrics == again.description.metrics != {}
    original = run.model(trust_plugins=True).state_dict()
    assert all(torch.equal(one, original[name]) for name, one in network.state_dict().items())


def test_a_network_in_memory_has_no_folds(run: ferkit.Run, tmp_path: Path) -> None:
    network = run.model(trust_plugins=True)
    for call in (ferkit.Predictor, ferkit.load_model):
        with pytest.raises(RunError, match=r"--fold 1.*network in memory"):
            call(network, fold=1)  # type: ignore[operator]


def test_a_model_that_python_cannot_load_is_named_without_options(tmp_path: Path) -> None:
    (tmp_path / "ce.onnx").touch()
    for name, words in (("nothing", "Cannot find the model"), ("ce.onnx", "Cannot load .* as a network")):
        with pytest.raises(RunError, match=words) as caught:
            ferkit.load_model(tmp_path / name)
        assert "--model" not in str(caught.value)


def test_a_run_predicts_and_is_exported(run: ferkit.Run, tmp_path: Path) -> None:
    image = run.predictions()["path"][0]
    (rows,) = run.predictor(trust_plugins=True).predict(image)
    assert set(rows[0].probabilities) == set(run.summary.labels)
    ferkit.export(run.folder, tmp_path / "a.safetensors", trust_plugins=True)
    (same,) = ferkit.Predictor(tmp_path / "a.safetensors", trust_plugins=True).predict(image)
    assert same[0].probabilities == pytest.approx(rows[0].probabilities)


def test_a_model_is_evaluated_on_samples(run: ferkit.Run) -> None:
    samples = samples_of(run)
    found = ferkit.evaluate(run.folder, samples, trust_plugins=True)
    assert found.images == len(samples)


def test_without_a_folder_the_latest_run_of_the_recipe_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="Cannot resume quickstart"):
        ferkit.train("quickstart", resume=True)


def test_folds_are_trained_in_several_processes_with_the_same_results(
    run: ferkit.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = pools.use(monkeypatch)
    monkeypatch.setattr("ferkit.components.discovery.named_modules", [])
    again = ferkit.train(run.folder.parent / "squares.toml", CHANGES, tmp_path / "run", jobs=2)
    assert [sorted(one.started) for one in opened] == [["repeat0_fold0", "repeat0_fold1"]]
    assert again.predictions().equals(run.predictions())


@pytest.mark.parametrize("jobs", [0, True, "2", 1.5])
def test_a_number_of_processes_that_is_none_is_refused(jobs: Any) -> None:
    with pytest.raises(RunError, match=f"jobs: expected a whole number of at least 1, got {jobs!r}"):
        ferkit.train("quickstart", jobs=jobs)


def test_components_are_listed_and_built() -> None:
    assert {one.kind for one in ferkit.list_components("loss")} == {"loss"}
    assert len(ferkit.list_components()) > len(ferkit.list_components("loss"))
    loss = ferkit.create("loss", "focal", {"num_classes": 3}, gamma=1.0)
    assert loss(torch.zeros(2, 3), torch.tensor([0, 1])).shape == ()
    with pytest.raises(ComponentError, match="focal"):
        ferkit.create("loss", "fokal")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: ferkit.list_components("hed"), "kind: expected one of .*head.*, got 'hed'"),
        (lambda: ferkit.create("hed", "linear"), "kind: expected one of .*head.*, got 'hed'"),
        (lambda: ferkit.create("head", None), "expected its name, got"),
        (lambda: ferkit.create("head", "linear"), "it needs in_channels, num_classes. Give context="),
        (lambda: ferkit.create("loss", "focal", {"num_classes": 3}, gama=1), "has no option 'gama'.*gamma"),
        (lambda: ferkit.create("loss", "focal", {"num_classes": 3}, gamma="x"), "gamma: expected a number"),
        (lambda: ferkit.load_dataset(Path("faces")), "expected its name, got"),
        (lambda: ferkit.load_dataset("image_folder", nope=3), "has no option 'nope'"),
        (lambda: ferkit.load_dataset("image_folder"), "needs the option 'root'"),
    ],
)
def test_components_that_can_not_be_built_say_why(call: Callable[[], object], expected: str) -> None:
    with pytest.raises(ComponentError, match=expected) as caught:
        call()
    assert "pip uninstall" not in str(caught.value)


@pytest.mark.parametrize(("data", "expected"), [(3, "got 3"), ([("a.png", "joy")], "got tuple at place 0")])
def test_data_that_are_no_samples_are_refused(data: Any, expected: str) -> None:
    with pytest.raises(DataError, match=f"data: expected .*{expected}"):
        ferkit.evaluate(None, data)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_name_that_no_file_can_have_is_no_model(name: str) -> None:
    with pytest.raises(RunError, match="Cannot find the model"):
        ferkit.Predictor(name)


def test_a_dataset_gives_its_samples(tmp_path: Path) -> None:
    for label in ("happy", "sad"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.png").touch()
    samples = ferkit.load_dataset("image_folder", root=str(tmp_path))
    assert ferkit.load_dataset("image_folder", tmp_path) == samples
    assert [one.label for one in samples] == ["happiness", "sadness"]


def test_a_recipe_is_loaded_with_all_its_problems() -> None:
    assert ferkit.load_recipe("quickstart", ["fit.epochs=2"]).fit.epochs == 2
    with pytest.raises(RecipeError) as caught:
        ferkit.load_recipe("quickstart", ["fit.epoch=3", "model.head.name=lineer"])
    assert [one.where for one in caught.value.problems] == ["fit.epoch", "model.head.name"]
