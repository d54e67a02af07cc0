"""One file of a network, that gives what the network gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from skimage.data import astronaut

from ferkit.components.part import Part
from ferkit.data.options import FaceOptions
from ferkit.errors import ComponentError, RunError
from ferkit.neural.checkpoint import read_header
from ferkit.predict import Predictor
from ferkit.predict.model import export
from ferkit.predict.model.classifiers import TorchClassifier
from ferkit.predict.model.export import OPSET, TOLERANCE, astronauts, export_model
from ferkit.predict.model.load import load_model, read_description
from tests.predict.drawn import describe, picture, write_model

PICTURES = [picture((5, 5), (60, 30)), picture(), picture((40, 20))]


def probabilities(model: Path) -> list[list[float]]:
    return [list(row.probabilities.values()) for rows in Predictor(model).predict(PICTURES) for row in rows]


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("warm") / "warm.safetensors"
    return write_model(file, temperature=1.9, faces=FaceOptions(margin=0.2))


@pytest.fixture(scope="module")
def graph(warm: Path) -> Path:
    return export_model(warm, warm.with_name("graph.onnx")).file


@pytest.mark.parametrize("suffix", ["safetensors", "onnx", "pt2"])
def test_what_is_exported_predicts_the_same_for_any_number_of_faces(
    warm: Path, tmp_path: Path, suffix: str
) -> None:
    made = export_model(warm, tmp_path / f"model.{suffix}")
    assert made.difference <= TOLERANCE
    assert probabilities(made.file) == [pytest.approx(row, abs=1e-5) for row in probabilities(warm)]
    assert load_model(made.file).description == read_description(warm)
    assert [path.name for path in tmp_path.iterdir()] == [made.file.name]


def test_the_onnx_file_has_the_opset_that_is_stated_and_names_for_what_goes_in_and_out(
    graph: Path,
) -> None:
    import onnx

    made = onnx.load(graph)
    onnx.checker.check_model(made)
    assert [(one.domain, one.version) for one in made.opset_import] == [("", OPSET)]
    assert [one.name for one in made.graph.input] == ["images"]
    assert [one.name for one in made.graph.output] == ["probabilities"]
    (told,) = (one.value for one in made.metadata_props if one.key == "ferkit")
    assert json.loads(told)["temperature"] == 1.9


def test_an_onnx_file_is_run_without_torch(graph: Path) -> None:
    code = (
        "import sys, numpy as np; from ferkit.predict.model.load import load_model\n"
        f"model = load_model({str(graph)!r}, trust_plugins=True)\n"
        "found = model.classify(np.zeros((5, 24, 24, 3), np.float32))\n"
        "print(found.shape, 'torch' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.stdout == "(5, 3) False\n", answer.stderr


@pytest.mark.parametrize(
    ("options", "runtime"), [("", "onnx"), ("has_landmarks=false", "onnx"), ('runtime="torch"', "torch")]
)
def test_a_detector_is_run_by_what_an_onnx_file_is_run_by_unless_it_is_told(
    graph: Path, options: str, runtime: str
) -> None:
    predictor = Predictor(graph, detector=f'{{name="spots"{options and ", "}{options}}}')
    assert predictor._find_boxes.detector.detector.runtime == runtime


def test_with_any_other_model_a_detector_is_run_as_it_is_used_to(warm: Path) -> None:
    assert Predictor(warm)._find_boxes.detector.detector.runtime == "torch"


def test_a_image_and_an_onnx_file_give_an_answer_without_torch(graph: Path, tmp_path: Path) -> None:
    image = tmp_path / "astronaut.png"
    Image.fromarray(astronaut()).save(image)
    options = [str(image), "--model", str(graph), "--detector", "mtcnn", "--format", "jsonl"]
    options.append("--trust-plugins")
    code = (
        "import sys; from ferkit.cli import main\n"
        f"sys.argv = ['ferkit', 'predict', *{options!r}]\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "slow = {'torch', 'facenet_pytorch', 'scipy', 'sklearn', 'albumentations', 'matplotlib', 'pandas'}\n"
        "print(slow & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    row, loaded = answer.stdout.splitlines()
    assert loaded == "set()"
    by_torch = Predictor(graph, detector='{name="mtcnn", runtime="torch", device="cpu"}')
    ((expected,),) = by_torch.predict([image])
    assert json.loads(row)["box"] == pytest.approx(expected.box, abs=0.01)


def pretend(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    """torch itself gives that probability for everything."""

    def answer(self: object, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.full((len(faces), 3), value)

    monkeypatch.setattr(export.TorchClassifier, "__call__", answer)


def test_a_graph_that_computes_otherwise_is_refused_and_nothing_is_left(
    warm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, 1 / 3)
    (tmp_path / "model.onnx").write_text("an older one")
    with pytest.raises(RunError, match="differ from those of torch by"):
        export_model(warm, tmp_path / "model.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_text() == "an older one"


def test_probabilities_that_are_not_finite_are_no_agreement(
    warm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, np.nan)
    with pytest.raises(RunError, match="differ from those of torch by nan"):
        export_model(warm, tmp_path / "model.safetensors")


def test_half_the_size_is_rounded_before_it_is_compared(warm: Path, tmp_path: Path) -> None:
    whole = export_model(warm, tmp_path / "whole.safetensors")
    half = export_model(warm, tmp_path / "half.safetensors", is_half=True)
    tensors = [load_file(made.file) for made in (whole, half)]
    assert {one.dtype for one in tensors[1].values() if one.is_floating_point()} == {torch.float16}
    assert all(torch.equal(tensors[0][name].half(), tensors[1][name].half()) for name in tensors[0])
    assert whole.rounding == 0 < half.rounding < 1e-2
    assert half.difference <= TOLERANCE
    assert probabilities(half.file) == [pytest.approx(row, abs=1e-2) for row in probabilities(warm)]


def test_another_detector_is_used_from_then_on(warm: Path, tmp_path: Path) -> None:
    made = export_model(warm, tmp_path / "model.safetensors", detector=Part(name="whole_image"))
    assert read_description(made.file).detector == Part(name="whole_image")
    assert [len(rows) for rows in Predictor(made.file).predict(PICTURES)] == [1, 1, 1]


def test_a_detector_that_there_is_not_is_refused(warm: Path, tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match="no detector is called 'mtcn'"):
        export_model(warm, tmp_path / "model.safetensors", detector=Part(name="mtcn"))
    wrong = Part(name="mtcnn", min_face="large")
    with pytest.raises(RunError, match="min_face"):
        export_model(warm, tmp_path / "model.safetensors", detector=wrong)
    assert list(tmp_path.iterdir()) == []


def test_faces_that_are_compared_are_four_different_ones() -> None:
    shown = astronauts(describe())
    assert shown.shape == (4, 24, 24, 3)
    assert len({one.tobytes() for one in shown}) == 4


def test_what_the_network_was_trained_on_goes_with_its_weights(warm: Path, tmp_path: Path) -> None:
    export_model(warm, tmp_path / "model.safetensors")
    assert read_header(tmp_path / "model.safetensors").trained_on == {"ab" * 8}


def test_what_torch_can_not_export_is_said_in_a_sentence(
    warm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("\nno such operator\nmore")

    monkeypatch.setattr(export.torch.export, "export", fail)
    with pytest.raises(RunError, match="Cannot export this network with torch: no such operator"):
        export_model(warm, tmp_path / "model.pt2")


@pytest.mark.parametrize(
    ("source", "to", "message"),
    [
        ("warm", "model.pth", r"expected a file that ends in \.safetensors, \.onnx, \.pt2"),
        ("graph.onnx", "model.pt2", "expected a run folder or a .safetensors"),
    ],
)
def test_what_can_not_be_exported_or_written_is_refused(
    warm: Path, tmp_path: Path, source: str, to: str, message: str
) -> None:
    (tmp_path / "graph.onnx").touch()
    given = warm if source == "warm" else tmp_path / source
    with pytest.raises(RunError, match=message):
        export_model(given, tmp_path / to)


def test_without_onnxruntime_the_message_says_what_to_install(
    warm: Path, graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RunError, match="pip install onnxruntime"):
        load_model(graph)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(RunError, match=r"ferkit\[onnx\]"):
        export_model(warm, tmp_path / "other.onnx")


def test_a_gpu_that_onnxruntime_has_not_is_refused(graph: Path) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has a GPU")
    with pytest.raises(RunError, match="computes on the CPU only"):
        load_model(graph, device="cuda")


def test_a_device_that_is_none_is_refused_with_onnx_too(graph: Path) -> None:
    with pytest.raises(RunError, match="expected auto, cpu, cuda or cuda:0"):
        load_model(graph, device="tpu")


def test_a_batch_keeps_its_order(warm: Path) -> None:
    classify = load_model(warm).classify
    assert isinstance(classify, TorchClassifier)
    faces = astronauts(describe())
    np.testing.assert_allclose(classify(faces)[::-1], classify(faces[::-1].copy()), atol=1e-6)


def test_a_place_that_can_not_be_written_is_said(warm: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"Cannot write --out .*model.pt2"):
        export_model(warm, tmp_path / "file" / "model.pt2")
