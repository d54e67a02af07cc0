"""Other programs get ferkit's probabilities from an exported file, its configuration and its card."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ferkit import Predictor, load_model
from ferkit.components.part import Part
from ferkit.data.options import FaceOptions
from ferkit.neural.options import MeanAndStd, Model, Normalize
from ferkit.predict.card.config import config_file
from ferkit.predict.card.facts import gather
from ferkit.predict.card.render import write_card
from ferkit.predict.model.export import export_model
from ferkit.predict.predictor import Predicted
from tests.predict.drawn import LABELS, write_model

SIDE = 24
END = "---"
FOR_EACH = f"""
import shutil
for number in range({{count}}):
    shutil.copy(f"{{{{number}}}}.png", "face.png")
    exec({{lines!r}}, {{{{}}}})
    print({END!r})
"""
"""Runs the lines of a card on each image, which they know as face.png."""


def export(folder: Path, name: str, **others: Any) -> tuple[Path, str, dict[str, Any]]:
    """The exported file, its card and its configuration."""
    source = write_model(folder / "source.safetensors", detector=Part(name="whole_image"), **others)
    made = export_model(source, folder / name)
    card = write_card(gather(made.file, made.loaded)).read_text()
    return made.file, card, json.loads(config_file(made.file).read_text())


def model_with(**others: Any) -> Model:
    return Model(image_size=SIDE, backbone=Part(name="small"), head=Part(name="linear"), **others)


def noise(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Reddish pixels, so that swapped channels would show."""
    pixels = np.random.default_rng(size[0]).integers(0, 256, (size[1], size[0], 3))
    return (pixels * (1, 0.6, 0.2)).astype(np.uint8)


@pytest.mark.parametrize("color", ["rgb", "grey"])
@pytest.mark.parametrize("normalize", ["facenet", "imagenet"])
def test_the_lines_in_the_card_give_ferkits_probabilities(tmp_path: Path, normalize: str, color: str) -> None:
    model = model_with(normalize=normalize, color=color)
    file, card, _ = export(tmp_path, "it's a.onnx", model=model, temperature=0.05)
    lines = card.split("```python\n")[1].split("```")[0]
    predictor = Predictor(file, device="cpu")
    sizes = [(61, 40), (17, 11), (SIDE, SIDE), (50, 20)]  # (width, height): area, linear, none, linear
    for number, size in enumerate(sizes):
        Image.fromarray(noise(size)).save(tmp_path / f"{number}.png")
    code = FOR_EACH.format(count=len(sizes), lines=lines)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    seen = []
    for number, printed in enumerate(done.stdout.split(END)[:-1]):
        (found,) = predictor.stream(tmp_path / f"{number}.png")
        assert isinstance(found, Predicted)
        (own,) = found.rows
        given = json.loads(printed)
        assert list(given) == list(LABELS)
        assert given == pytest.approx(dict(own.probabilities), abs=1e-5)
        seen.append(list(given.values()))
    assert len(seen) == len(sizes)
    assert np.ptp(seen, axis=0).max() > 1e-3  # the images differ, so that a wrong line would show


def test_the_configuration_has_labels_and_preprocessing(tmp_path: Path) -> None:
    faces = FaceOptions(margin=0.2)
    _, _, config = export(tmp_path, "m.onnx", model=model_with(normalize="imagenet"), faces=faces)
    assert config["labels"] == list(LABELS)
    assert config["id2label"] == {"0": "anger", "1": "happiness", "2": "neutral"}
    assert config["label2id"] == {"anger": 0, "happiness": 1, "neutral": 2}
    assert config["mean"] == pytest.approx([0.485, 0.456, 0.406], abs=1e-6)
    assert config["std"] == pytest.approx([0.229, 0.224, 0.225], abs=1e-6)
    assert config["rescale_factor"] == 1 / 255
    assert (config["channel_order"], config["is_grey"]) == ("RGB", False)
    assert (config["detector"], config["margin"]) == ("whole_image", 0.2)
    assert config["format"] == "onnx"


def test_the_names_in_the_configuration_are_those_of_the_graph(tmp_path: Path) -> None:
    import onnxruntime

    file, _, config = export(tmp_path, "m.onnx")
    session = onnxruntime.InferenceSession(str(file))
    (given,), (taken,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape) == (config["input"]["name"], config["input"]["shape"])
    assert (taken.name, taken.shape) == (config["output"]["name"], config["output"]["shape"])


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("m.safetensors", {"name": "logits", "shape": ["batch", 3], "temperature": 1.5}),
        ("m.pt2", {"name": "probabilities", "shape": ["batch", 3]}),
    ],
)
def test_a_reader_knows_if_temperature_is_applied(tmp_path: Path, name: str, output: dict[str, Any]) -> None:
    _, card, config = export(tmp_path, name, temperature=1.5)
    assert config["output"] == output
    assert "onnxruntime" not in card
    assert f"`{name}.config.json`" in card


def test_one_format_leaves_the_configuration_of_another(tmp_path: Path) -> None:
    first, _, _ = export(tmp_path, "m.onnx")
    second, _, _ = export(tmp_path, "m.safetensors")
    assert json.loads(config_file(first).read_text())["format"] == "onnx"
    assert json.loads(config_file(second).read_text())["format"] == "safetensors"


def test_a_network_in_memory_keeps_its_temperature_in_the_card(tmp_path: Path) -> None:
    source = write_model(tmp_path / "source.safetensors", temperature=1.7)
    made = export_model(load_model(source), tmp_path / "m.safetensors")
    assert gather(made.file, made.loaded).fitted == "1.700"


@pytest.mark.parametrize("normalize", ["facenet", MeanAndStd(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))])
def test_the_card_states_the_normalization_once(tmp_path: Path, normalize: Normalize) -> None:
    _, card, _ = export(tmp_path, "m.safetensors", model=model_with(normalize=normalize))
    (line,) = (one for one in card.splitlines() if "facenet" in one or "0.25" in one)
    assert line.count("facenet") + line.count("0.25, 0.25, 0.25") == 1
