"""The recipes of row 9, and a run of both steps on squares."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from ferkit.components.registry import Registry
from ferkit.experiment.run import RunRequest, run
from ferkit.interfaces import CANONICAL_LABELS
from ferkit.neural.build import build_model
from ferkit.recipe.demo import cut_down
from ferkit.recipe.extends import read_table
from ferkit.recipe.load import load_recipe
from ferkit.recipe.schema import Recipe

pytestmark = pytest.mark.slow

RECIPES = ("rafdb_covpool", "sfew2_covpool", "sfew_covpool")
LABELS = [label for label in CANONICAL_LABELS if label != "contempt"]
SFEW_FOLDERS = ["Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"]
NETWORK = Path("folds", "repeat0_fold0", "model.safetensors")
PLUGIN = 'plugins=["ferkit_covpool"]'

SQUARES = """
name = "squares"
plugins = ["tests.plugins_for_tests.tiny_plugin", "ferkit_covpool"]
data = {{ name = "squares", root = "{root}", per_class = 8 }}
detector = {{ name = "whole_image" }}

[estimator]
name = "linear_svc"

[model]
image_size = 24
backbone = {{ name = "covpool_net", standardize = false }}
head = {{ name = "covpool", stage = "block2", bimap = [16], hidden = [16] }}

[loss]
name = "center"
base = {{ name = "label_smoothing", base = {{ name = "focal" }} }}

[fit]
epochs = 4
batch_size = 4
device = "cpu"
precision = "float32"
optimizer = {{ lr = 0.005 }}

[protocol]
repeats = 1
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """FERKIT_DATA: folders as the recipes expect them, with a file in each."""
    monkeypatch.setenv("FERKIT_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folders = dict.fromkeys(("sfew2/Train", "sfew2/Val", "sfew"), SFEW_FOLDERS)
    folders |= {"rafdb": ["EmoLabel", "Image/original"]}
    for part, names in folders.items():
        for name in names:
            (tmp_path / part / name).mkdir(parents=True)
            (tmp_path / part / name / "Title_000000001_00000001.png").touch()
    (tmp_path / "rafdb" / "EmoLabel" / "list_patition_label.txt").touch()
    write_hollow(tmp_path / "rafdb_covpool.safetensors")
    return tmp_path


def write_hollow(file: Path) -> None:
    """The first step's network as a file of its shapes, all zeros, which takes no place on a disk."""
    recipe, registry = load("rafdb_covpool")
    with torch.device("meta"):
        tensors = build_model(recipe.model, registry, LABELS).state_dict()
    header: dict[str, Any] = {"__metadata__": {"ferkit": json.dumps({"labels": LABELS})}}
    end = 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.numel() * tensor.element_size()
        kind = "F32" if tensor.is_floating_point() else "I64"
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    with file.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        out.truncate(8 + len(text) + end)


def load(name: str, *overrides: str) -> tuple[Recipe, Registry]:
    return load_recipe(name, [PLUGIN, *overrides])


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_has_no_problem_where_its_data_are(name: str) -> None:
    assert load(name)[0].name == name


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_can_be_cut_down_to_a_demonstration(name: str) -> None:
    recipe, _ = load_recipe(name, [PLUGIN], change=cut_down([]))
    assert recipe.data.name == "synthetic"


@pytest.mark.usefixtures("data")
def test_the_second_step_has_the_network_of_the_first_and_does_not_train_it() -> None:
    first, second = read_table("rafdb_covpool"), read_table("sfew2_covpool")
    assert second["model"].pop("initial").endswith("rafdb_covpool.safetensors")
    assert first["model"] == second["model"]
    assert second["estimator"]["train_network"] is False


@pytest.mark.usefixtures("data")
def test_the_number_of_sfew_2_is_compared_on_sfew_2_alone() -> None:
    assert load("sfew2_covpool")[0].paper is not None
    papers = [read_table(name)["paper"] for name in ("sfew_covpool", "sfew2_covpool")]
    assert [paper.get("data") for paper in papers] == ["SFEW 2.0", None]
    assert [paper["accuracy"] for paper in papers] == [58.14, 58.14]


@pytest.mark.usefixtures("data")
def test_the_network_that_sfew_covpool_describes_is_the_papers() -> None:
    recipe, registry = load("sfew_covpool")
    with torch.device("meta"):
        network = build_model(recipe.model, registry, LABELS)
        features = network.features(torch.zeros(2, 3, 100, 100))
    assert {name: tuple(one.shape) for name, one in features.items()} == {"block4": (2, 256, 12, 12)}
    assert network.embed(torch.zeros(2, 3, 100, 100, device="meta")).shape == (2, 128)


@pytest.mark.usefixtures("data")
def test_the_head_goes_on_pretrained_face_weights_as_the_recipe_says() -> None:
    recipe, _ = load(
        "sfew_covpool",
        'model.backbone={name="inception_resnet_v1", weights="none"}',
        'model.head={name="covpool", stage="repeat_2", channels=256}',
        "model.image_size=160",
    )
    assert recipe.model.head.options["channels"] == 256


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The folders of two runs: one that trains by the core, and one of its first fold's network as it is."""
    folder = tmp_path_factory.mktemp("steps")
    file, weights = folder / "squares.toml", folder / "network.safetensors"
    file.write_text(SQUARES.format(root=folder / "images"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        recipe, registry = load_recipe(str(file))
        run(RunRequest(recipe, registry, folder / "first", False))
        shutil.copy(folder / "first" / NETWORK, weights)
        recipe, registry = load_recipe(
            str(file), [f'model.initial="{weights}"', "estimator.train_network=false"]
        )
        run(RunRequest(recipe, registry, folder / "second", False))
        yield folder / "first", folder / "second"


def read_epochs(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_network_head_loss_and_machine_learn_what_is_there_to_learn(steps: tuple[Path, Path]) -> None:
    epochs = read_epochs(steps[0])
    assert [one["epoch"] for one in epochs] == [1, 1]
    assert [one["accuracy"] for one in epochs] == [1.0, 1.0]
    assert [one["details"]["network_epochs"] for one in epochs] == [4, 4]


def test_the_second_step_sees_what_the_network_of_the_first_saw(steps: tuple[Path, Path]) -> None:
    trained, again = (read_epochs(folder)[0] for folder in steps)
    assert again["train_loss"] == pytest.approx(trained["train_loss"], rel=1e-6)
    assert again["validation_loss"] == pytest.approx(trained["validation_loss"], rel=1e-6)
    assert not again.get("details")


def test_the_core_moves_the_map_along_its_manifold(steps: tuple[Path, Path]) -> None:
    weight = load_file(steps[0] / NETWORK)["head.bimaps.0.weight"]
    assert weight.shape == (96, 16)
    torch.testing.assert_close(weight.T @ weight, torch.eye(16), rtol=0, atol=1e-5)
