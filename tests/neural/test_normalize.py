"""`normalize`: which mean and standard deviation images get, and that a file records them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part
from ferkit.errors import ComponentError, RunError
from ferkit.interfaces import Face
from ferkit.neural.build import build_model
from ferkit.neural.checkpoint import read_header, save_network
from ferkit.neural.header import read_model_header
from ferkit.neural.load import rebuild_network
from ferkit.neural.options import Known, MeanAndStd, Model, Normalize
from ferkit.neural.preprocessing import Normalisation, describe_normalize, settle_normalize
from tests.builders import LABELS, TinyBackbone
from tests.neural.tiny import FACES, tiny_estimator
from tests.predict.drawn import describe

HALF = MeanAndStd(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
PIXELS = np.arange(24 * 24 * 3, dtype=np.uint8).reshape(24, 24, 3)


def stating(mean: object, std: object) -> object:
    return SimpleNamespace(mean=mean, std=std)


def test_mean_and_std_are_of_pixels_from_0_to_1() -> None:
    table = MeanAndStd(mean=(0.0, 0.5, 1.0), std=(1.0, 0.5, 0.25))
    found = Normalisation(table)(np.full((1, 1, 3), 255, np.uint8))
    assert found.tolist() == [[[1.0, 1.0, 0.0]]]


@pytest.mark.parametrize(
    ("mean", "std", "name"),
    [
        ([127.5 / 255] * 3, [128 / 255] * 3, "facenet"),
        ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "imagenet"),
    ],
)
def test_the_values_of_a_name_get_the_name_and_the_same_numbers(
    mean: list[float], std: list[float], name: Known
) -> None:
    assert settle_normalize("pretrained", stating(mean, std)) == name
    table = MeanAndStd.model_validate_json(json.dumps({"mean": list(mean), "std": list(std)}))
    np.testing.assert_array_equal(Normalisation(table)(PIXELS), Normalisation(name)(PIXELS))


def test_a_backbone_that_states_nothing_gets_facenets() -> None:
    assert settle_normalize("pretrained", object()) == "facenet"


@pytest.mark.parametrize("stated", ["facenet", "imagenet", HALF])
def test_a_stated_normalisation_is_used_whatever_the_backbone_states(stated: Normalize) -> None:
    assert settle_normalize(stated, stating([0.1] * 3, [0.2] * 3)) == stated


def test_pretrained_is_no_normalisation_without_a_network() -> None:
    with pytest.raises(RunError, match="pretrained"):
        Normalisation("pretrained")


def test_a_table_is_described_by_its_values() -> None:
    assert describe_normalize(HALF) == "mean 0.5, 0.5, 0.5 and std 0.5, 0.5, 0.5"
    assert describe_normalize("facenet") == "facenet"


@pytest.mark.parametrize(
    ("model", "expected"),
    [("test_resnet", HALF), ("resnet10t", "imagenet"), ("tf_efficientnet_b0.ns_jft_in1k", "imagenet")],
)
def test_timms_models_state_timms_values(model: str, expected: Known) -> None:
    backbone = Part(name="timm", model=model, pretrained=False)
    network = build_model(Model(backbone=backbone), load_plugins(), LABELS)
    assert network.normalize == expected


def test_inception_resnet_states_facenets() -> None:
    backbone = Part(name="inception_resnet_v1", weights="none", last_stage="conv2d_4b")
    with torch.device("meta"):
        network = build_model(Model(backbone=backbone), load_plugins(), LABELS)
    assert network.normalize == "facenet"


@pytest.mark.parametrize(
    ("mean", "std", "word"),
    [
        ((127.5,) * 3, (128.0,) * 3, "mean"),
        ((0.5,) * 3, (0.0,) * 3, "std"),
        ((0.5,) * 3, None, "std"),
        (None, (0.5,) * 3, "mean"),
        ((0.5, 0.5), (0.5, 0.5), "mean"),
        (0.5, 0.5, "mean"),
        (("0.5",) * 3, (0.5,) * 3, "mean"),
        ((float("nan"),) * 3, (0.5,) * 3, "mean"),
        (torch.zeros(3), torch.ones(3), "mean"),
    ],
)
def test_wrong_values_name_the_backbone_and_the_attribute(
    monkeypatch: pytest.MonkeyPatch, mean: object, std: object, word: str
) -> None:
    registry = load_plugins(["tests.plugins_for_tests.tiny_plugin"])
    monkeypatch.setattr(TinyBackbone, "mean", mean, raising=False)
    monkeypatch.setattr(TinyBackbone, "std", std, raising=False)
    model = Model(backbone=Part(name="tiny"))
    with pytest.raises(ComponentError, match=rf"tiny.*expected {word}, three numbers"):
        build_model(model, registry, LABELS)
    stated = model.model_copy(update={"normalize": "imagenet"})
    assert build_model(stated, registry, LABELS).normalize == "imagenet"


@pytest.fixture
def halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tiny backbone state a mean and a std."""
    monkeypatch.setattr(TinyBackbone, "mean", (0.5, 0.5, 0.5), raising=False)
    monkeypatch.setattr(TinyBackbone, "std", (0.5, 0.5, 0.5), raising=False)


@pytest.mark.usefixtures("halved")
def test_a_network_is_trained_with_the_values_that_its_file_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = load_plugins(["tests.plugins_for_tests.tiny_plugin"])
    estimator = tiny_estimator(epochs=1)
    model = Model(image_size=24, backbone=Part(name="tiny"))
    estimator.build_network = lambda counts: build_model(model, registry, LABELS)
    list(estimator.fit(FACES, FACES[::2]))
    estimator.save(file := tmp_path / "m.safetensors")
    assert read_header(file).normalize == HALF
    # The file decides, not a backbone that states other values now.
    monkeypatch.setattr(TinyBackbone, "std", (0.25, 0.25, 0.25))
    network = rebuild_network(file, model, registry, LABELS)
    assert network.normalize == HALF
    image = torch.from_numpy(prepared(FACES[0], HALF))[None]
    probabilities = network(image).softmax(1)[0].detach().numpy()
    np.testing.assert_allclose(probabilities, estimator.predict(FACES[:1])[0], atol=1e-6)


def prepared(face: Face, normalize: Known) -> np.ndarray:
    return np.ascontiguousarray(Normalisation(normalize)(face.image).transpose(2, 0, 1))


@pytest.mark.usefixtures("halved")
def test_a_network_that_starts_from_another_takes_its_normalisation(tmp_path: Path) -> None:
    registry = load_plugins(["tests.plugins_for_tests.tiny_plugin"])
    model = Model(image_size=24, backbone=Part(name="tiny"))
    earlier = build_model(model, registry, LABELS)
    file = tmp_path / "m.safetensors"
    again = model.model_copy(update={"initial": file})
    save_network(file, earlier.state_dict(), LABELS, normalize="imagenet")
    assert build_model(again, registry, LABELS).normalize == "imagenet"
    table = describe().as_table()  # a model file of earlier versions
    save_network(file, earlier.state_dict(), LABELS, description=table)
    assert build_model(again, registry, LABELS).normalize == "facenet"
    save_network(file, earlier.state_dict(), LABELS)
    assert build_model(again, registry, LABELS).normalize == HALF
    stated = again.model_copy(update={"normalize": "imagenet"})
    assert build_model(stated, registry, LABELS).normalize == "imagenet"


def test_a_model_file_without_the_key_has_the_former_default() -> None:
    table = describe().as_table()
    del table["model"]["normalize"]
    assert read_model_header(table, "a.onnx").model.normalize == "facenet"


@pytest.mark.parametrize(
    "harm",
    [
        "pretrained",
        {"mean": [0.5] * 3},
        {"mean": [0.5] * 3, "std": [0] * 3},
        {"mean": [2] * 3, "std": [1] * 3},
    ],
)
def test_a_model_file_of_unknown_values_is_refused(tmp_path: Path, harm: object) -> None:
    table = describe().as_table()
    with pytest.raises(RunError, match=r"a\.onnx.*normalize"):
        read_model_header({**table, "model": {**table["model"], "normalize": harm}}, "a.onnx")
    file = tmp_path / "m.safetensors"
    save_network(file, {"a": torch.zeros(1)}, LABELS)
    save_file(load_file(file), file, {"ferkit": json.dumps({"labels": list(LABELS), "normalize": harm})})
    with pytest.raises(RunError, match=r"m\.safetensors.*normalize"):
        read_header(file)
