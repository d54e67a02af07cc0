"""RetinaFace with a stand-in for its package, and with the package if it is installed."""

from __future__ import annotations

import importlib
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from ferkit_detectors import retinaface as module
from ferkit_detectors.retinaface import RetinaFaceDetector
from ferkit_detectors.retinaface_weights import FILE, read_weights

from ferkit.errors import ComponentError, WeightsError

SMALL_POINTS = [[15, 30], [25, 30], [20, 35], [16, 42], [24, 42]]
LARGE_POINTS = [[30, 30], [60, 30], [45, 50], [35, 70], [55, 70]]
SMALL = {"bbox": [10, 20, 30, 50], "score": 0.99, "landmarks": SMALL_POINTS}
LARGE = {"bbox": [-3, 0, 97, 90], "score": 0.8, "landmarks": LARGE_POINTS}
NOTHING: dict[str, Any] = {"bbox": [], "score": -1, "landmarks": []}
IMAGE = np.zeros((100, 100, 3), np.uint8)


class StandIn:
    """A stand-in for the package's Model: its constructor, its results, and a record of its calls."""

    answer: ClassVar[list[dict[str, Any]]] = [SMALL, LARGE]

    def __init__(self, max_size: int, device: str) -> None:
        self.max_size = max_size
        self.calls: list[tuple[float, float]] = []
        self.is_ready = False

    def load_state_dict(self, tensors: dict[str, torch.Tensor]) -> None:
        if set(tensors) != {"weight"}:
            raise RuntimeError("Missing key(s) in state_dict: weight")

    def eval(self) -> None:
        self.is_ready = True

    def predict_jsons(self, image: np.ndarray, confidence: float, overlap: float) -> list[dict[str, Any]]:
        assert self.is_ready
        self.calls.append((confidence, overlap))
        return self.answer


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Path of the weights in an empty cache."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints" / FILE


@pytest.fixture
def stand_in(cached: Path, monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    torch.save({"weight": torch.zeros(1)}, cached)
    monkeypatch.setattr(module, "import_module", lambda name: SimpleNamespace(Model=StandIn))
    monkeypatch.setattr(module, "version", lambda name: "0.0.7")
    return StandIn


@pytest.mark.usefixtures("stand_in")
def test_boxes_scores_and_landmarks_are_float32_and_the_surest_comes_first() -> None:
    (found,) = RetinaFaceDetector(device="cpu")([IMAGE])
    assert found.boxes.tolist() == [SMALL["bbox"], LARGE["bbox"]]
    assert found.scores.tolist() == pytest.approx([0.99, 0.8])
    assert found.landmarks[0].tolist() == SMALL["landmarks"]
    assert found.landmarks.shape == (2, 5, 2)
    assert {one.dtype for one in (found.boxes, found.scores, found.landmarks)} == {np.dtype(np.float32)}


@pytest.mark.usefixtures("stand_in")
def test_the_largest_may_come_first() -> None:
    (found,) = RetinaFaceDetector(selection_method="largest", device="cpu")([IMAGE])
    assert found.boxes.tolist() == [LARGE["bbox"], SMALL["bbox"]]
    assert found.landmarks[0].tolist() == LARGE["landmarks"]


@pytest.mark.parametrize("answer", [[], [NOTHING]])
def test_where_there_is_no_face_nothing_is_found(
    stand_in: type[StandIn], monkeypatch: pytest.MonkeyPatch, answer: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(stand_in, "answer", answer)
    (found,) = RetinaFaceDetector(device="cpu")([IMAGE])
    assert (found.boxes.shape, found.scores.shape, found.landmarks.shape) == ((0, 4), (0,), (0, 5, 2))


@pytest.mark.usefixtures("stand_in")
def test_options_reach_the_package_and_its_version_is_told() -> None:
    detector = RetinaFaceDetector(max_size=640, confidence=0.5, overlap=0.3, device="cpu")
    detector([IMAGE, IMAGE])
    assert detector.model.max_size == 640
    assert detector.model.calls == [(0.5, 0.3)] * 2
    assert detector.version == "retinaface-pytorch 0.0.7"
    assert detector([]) == []


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(module, "import_module", refuse)
    with pytest.raises(ComponentError, match=r'needs the package .* pip install "ferkit\[retinaface\]"'):
        RetinaFaceDetector()


def test_weights_that_can_not_be_fetched_are_named_with_their_place(
    stand_in: type[StandIn], cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no network")

    cached.unlink()
    monkeypatch.setattr("requests.get", refuse)
    with pytest.raises(WeightsError) as raised:
        RetinaFaceDetector(device="cpu")
    told = str(raised.value)
    assert "download https://github.com/ternaus/retinaface/releases" in told
    assert f"folder: {cached.parent}" in told


def test_the_makers_archive_is_unpacked_and_torch_s_own_file_read(cached: Path, tmp_path: Path) -> None:
    inner = tmp_path / "retinaface.pth"
    torch.save({"weight": torch.ones(2)}, inner)
    assert torch.equal(read_weights(inner)["weight"], torch.ones(2))
    with zipfile.ZipFile(cached, "w") as archive:
        archive.write(inner, "retinaface_resnet50.pth")
    assert torch.equal(read_weights(cached)["weight"], torch.ones(2))


@pytest.mark.usefixtures("stand_in")
def test_a_file_that_is_none_or_of_another_network_is_refused(cached: Path) -> None:
    torch.save({"other": torch.zeros(1)}, cached)
    with pytest.raises(WeightsError, match=r"Cannot load .* into RetinaFace"):
        RetinaFaceDetector(device="cpu")
    cached.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"Cannot read weights from .*ferkit weights fetch retinaface"):
        RetinaFaceDetector(device="cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_size": 100}, "max_size: expected a multiple of 32 pixels, got 100"),
        ({"confidence": 1.5}, r"confidence: expected a number from 0 to 1, got 1\.5"),
        ({"overlap": -1.0}, r"overlap: expected a number from 0 to 1, got -1\.0"),
        ({"weights": "none"}, 'weights: expected the name of weights, got "none"'),
    ],
)
def test_an_option_that_can_not_be_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RetinaFaceDetector(**options)


def test_the_package_itself_gives_what_the_stand_in_does(cached: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, of years of libraries
        try:
            package = importlib.import_module("retinaface.predict_single")
        except ImportError as error:
            pytest.skip(f'retinaface-pytorch is not installed: pip install "ferkit[retinaface]" ({error})')
        torch.manual_seed(0)
        torch.save(package.Model(max_size=64).model.state_dict(), cached)
        detector = RetinaFaceDetector(max_size=64, confidence=0.0, overlap=0.2, device="cpu")
        wide, none = np.full((60, 120, 3), 90, np.uint8), IMAGE
        found = detector([wide])[0]
        detector.confidence = 1.0
        assert len(detector([none])[0].boxes) == 0
    assert len(found.boxes) > 0
    assert found.landmarks.shape == (len(found.boxes), 5, 2)
    assert list(found.scores) == sorted(found.scores, reverse=True)
