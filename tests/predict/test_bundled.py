"""The model that ferkit brings: there without a network, small, and right about a face that it never saw."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard
from PIL import ExifTags, Image
from skimage.data import astronaut

from ferkit import Predictor
from ferkit.errors import RunError
from ferkit.neural.checkpoint import read_header
from ferkit.predict.model.bundled import find_graph
from ferkit.predict.model.classifiers import OnnxClassifier, TorchClassifier
from ferkit.predict.model.export import astronauts
from ferkit.predict.model.load import BUNDLED, Model, load_model, read_description
from ferkit.runtime.shipped import shipped_recipes
from tests.predict.drawn import write_video

FILE = BUNDLED / "default.safetensors"
LARGEST = 8_000_000
GRAPH = FILE.with_suffix(".onnx")
SEVEN = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
OFFLINE = """
import socket, sys
def refuse(*_, **__):
    raise OSError("no network in this test")
socket.socket.connect = refuse
from ferkit.cli import main
sys.argv = ["ferkit", "predict", *sys.argv[1:]]
main()
"""
WITHOUT_TORCH = """
import sys
from ferkit.cli import main
sys.argv = ["ferkit", "predict", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
finally:
    print("LOADED", *sorted({"torch", "torchvision"} & set(sys.modules)))
"""


def test_it_is_small_and_says_how_it_is_to_be_used() -> None:
    assert FILE.stat().st_size + GRAPH.stat().st_size <= LARGEST
    known = read_description(FILE)
    assert known.labels == SEVEN
    assert (known.detector.name, known.model.color) == ("blazeface_mtcnn", "grey")
    assert 0.2 < known.temperature < 5
    assert known.metrics


def test_it_is_what_the_recipe_that_ships_makes() -> None:
    import tomllib

    recipe = tomllib.loads(shipped_recipes()["default_model"].read_text(encoding="utf-8"))
    model = read_description(FILE).model
    # Its batch norm was kept when its output was adjusted: see its card.
    assert model.backbone.model_dump() == {**recipe["model"]["backbone"], "batch_norm": "eval"}
    assert model.head.model_dump() == recipe["model"]["head"]
    assert model.output.model_dump() == recipe["model"]["output"]
    assert model.image_size == recipe["model"]["image_size"]


def test_it_knows_again_what_it_was_trained_on() -> None:
    assert len(read_header(FILE).trained_on) > 20_000


def test_a_smile_is_happy_and_a_wall_has_no_face() -> None:
    faces, nobody = Predictor().predict([astronaut(), np.full((240, 320, 3), 90, np.uint8)])
    assert [face.label for face in faces] == ["happiness"]
    assert nobody == []


def test_the_first_answer_takes_no_network_and_no_cache(tmp_path: Path) -> None:
    Image.fromarray(astronaut()).save(tmp_path / "astronaut.png")
    Image.new("RGB", (200, 200)).save(tmp_path / "black.png")
    answer = subprocess.run(
        [sys.executable, "-c", OFFLINE, "astronaut.png", "black.png"],
        cwd=tmp_path,
        env={"PATH": "", "HOME": str(tmp_path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert "happiness" in answer.stdout
    assert "model: default, bundled" in answer.stderr
    assert "black.png" in answer.stderr + answer.stdout


def test_its_card_is_one_that_the_hub_reads_and_has_the_files_numbers() -> None:
    card = ModelCard.load(FILE.with_name(f"{FILE.name}.card.md"))
    (first, *_) = [one for one in card.data.eval_results if one.metric_type == "accuracy"]
    (scores, *_) = read_description(FILE).metrics["scores"].values()
    assert first.metric_value == pytest.approx(scores["accuracy"], abs=1e-4)
    assert card.data.license


@pytest.mark.parametrize("words", ["Prohibited use", "MS-Celeb-1M", "2024/1689", "exact duplicates"])
def test_its_card_says_what_whoever_uses_it_must_know(words: str) -> None:
    assert words in FILE.with_name(f"{FILE.name}.card.md").read_text(encoding="utf-8")


@pytest.fixture
def by_torch(monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setattr("ferkit.predict.model.load.find_graph", lambda *_: None)
    return load_model(device="cpu")


def test_onnxruntime_gives_the_probabilities_of_torch(
    by_torch: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    by_onnxruntime = load_model(device="cpu")
    assert isinstance(by_torch.classify, TorchClassifier)
    assert isinstance(by_onnxruntime.classify, OnnxClassifier)
    assert by_onnxruntime.description == by_torch.description
    assert by_onnxruntime.title == by_torch.title
    faces = astronauts(by_torch.description)
    np.testing.assert_allclose(by_onnxruntime.classify(faces), by_torch.classify(faces), atol=1e-4)


@pytest.mark.parametrize(
    ("device", "has_gpu", "is_used"),
    [("auto", False, True), ("auto", True, False), ("cpu", True, True), ("cuda", True, False)],
)
def test_onnxruntime_is_used_on_a_cpu_and_torch_on_a_gpu(
    monkeypatch: pytest.MonkeyPatch, device: str, has_gpu: bool, is_used: bool
) -> None:
    monkeypatch.setattr("ferkit.predict.model.bundled.has_gpu_for_torch", lambda: has_gpu)
    assert find_graph(FILE, device) == (GRAPH if is_used else None)


def test_torch_is_used_for_other_models_and_without_onnxruntime(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert find_graph(tmp_path / "default.safetensors", "cpu") is None
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert find_graph(FILE, "cpu") is None


@pytest.mark.parametrize(
    "typed",
    [
        "turned.jpg --out faces.csv --out faces.parquet --out annotated",
        "images --format jsonl",
        "clip.mp4 --out annotated --out faces.csv",
        "images --detector blazeface",
        "images --detector whole_image",
    ],
)
def test_the_bundled_model_needs_no_torch(tmp_path: Path, typed: str) -> None:
    turned = Image.fromarray(astronaut()[:256, 100:356]).rotate(90)
    (tmp_path / "images").mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    turned.rotate(-90).save(tmp_path / "images" / "a.png")
    write_video(tmp_path / "clip.mp4", [astronaut()[:256, 100:356]] * 3)
    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *typed.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "LOADED"
    assert "1 face" in answer.stderr or "3 faces" in answer.stderr


def test_the_graph_is_found_by_a_relative_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FILE.parent)
    assert find_graph(Path(FILE.name), "cpu") is not None


@pytest.mark.parametrize("detector", ["mtcnn", "blazeface_mtcnn"])
def test_a_predictor_is_pickled(detector: str) -> None:
    predictor = Predictor(device="cpu", detector=detector)
    (before,), (after,) = (one(astronaut()) for one in (predictor, pickle.loads(pickle.dumps(predictor))))
    assert (after.box, after.probabilities) == (before.box, before.probabilities)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_named_pipe_is_no_model(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.onnx")
    with pytest.raises(RunError, match=r"p\.onnx: it is a named pipe"):
        Predictor(tmp_path / "p.onnx")


def test_the_predictor_of_python_needs_no_torch() -> None:
    code = "import sys, ferkit; ferkit.Predictor(device='cpu'); print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"
