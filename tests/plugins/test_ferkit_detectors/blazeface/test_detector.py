"""The detector blazeface, in torch and onnxruntime."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from ferkit_detectors.blazeface.detector import ANCHORS, BlazeFaceDetector
from numpy.typing import NDArray
from skimage.data import astronaut

from ferkit.components.discovery import load_plugins
from ferkit.data.faces import alignment_problem
from ferkit.data.options import FaceOptions
from ferkit.errors import RunError
from ferkit.plugin import Detections

ASTRONAUT = astronaut()
FACE = 175, 72, 277, 175
"""The astronaut's face, from the hair line to the chin and from ear to ear."""


@pytest.fixture(scope="module", params=["torch", "onnx"])
def detector(request: pytest.FixtureRequest) -> BlazeFaceDetector:
    return BlazeFaceDetector(device="cpu", runtime=request.param)


def assert_alike(found: Sequence[Detections], others: Sequence[Detections], within: float = 1e-3) -> None:
    for one, other in zip(found, others, strict=True):
        assert one.boxes.shape == other.boxes.shape
        assert one.boxes == pytest.approx(other.boxes, abs=within)
        assert one.scores == pytest.approx(other.scores, abs=1e-4)


@pytest.mark.parametrize("network", ANCHORS)
@pytest.mark.parametrize("runtime", ["torch", "onnx"])
def test_each_network_finds_the_astronaut(network: str, runtime: str) -> None:
    (found,) = BlazeFaceDetector(network=network, runtime=runtime, device="cpu")([ASTRONAUT])  # type: ignore[arg-type]
    assert found.boxes.shape == (1, 4)
    assert found.boxes[0] == pytest.approx(FACE, abs=10)
    assert found.scores[0] > 0.8
    assert found.landmarks.shape == (1, 5, 2)
    assert np.isnan(found.landmarks).all()


@pytest.mark.parametrize("network", ANCHORS)
def test_both_runtimes_find_the_same_faces(network: str) -> None:
    images = [ASTRONAUT, ASTRONAUT[:300, 100:400], np.rot90(ASTRONAUT), np.tile(ASTRONAUT, (1, 2, 1))]
    by_torch, by_onnx = (
        BlazeFaceDetector(network=network, device="cpu", runtime=runtime)  # type: ignore[arg-type]
        for runtime in ("torch", "onnx")
    )
    assert_alike(by_torch(images), by_onnx(images))


def test_a_batch_finds_what_single_images_find(detector: BlazeFaceDetector) -> None:
    images = [ASTRONAUT, ASTRONAUT[:300, 100:400], np.zeros((50, 90, 3), np.uint8), ASTRONAUT[:, ::-1]]
    assert_alike(detector(images), [detector([image])[0] for image in images], within=0)


def test_a_batch_in_one_call_as_on_a_gpu_finds_the_same(
    detector: BlazeFaceDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [ASTRONAUT, ASTRONAUT[:300, 100:400], ASTRONAUT[:, ::-1]]
    alone = detector(images)
    monkeypatch.setattr(detector.search.network, "threads", lambda: 0)
    monkeypatch.setattr("ferkit_detectors.blazeface.search.CHUNK", 2)
    assert_alike(detector(images), alone)
    assert detector([]) == []


def test_a_face_is_found_beside_a_wide_or_high_border(detector: BlazeFaceDetector) -> None:
    wide = np.zeros((512, 900, 3), np.uint8)
    wide[:, 300:812] = ASTRONAUT
    high = np.zeros((900, 512, 3), np.uint8)
    high[200:712] = ASTRONAUT
    in_wide, in_high = detector([wide, high])
    assert in_wide.boxes[0] - [300, 0, 300, 0] == pytest.approx(FACE, abs=12)
    assert in_high.boxes[0] - [0, 200, 0, 200] == pytest.approx(FACE, abs=12)


def test_an_enlarged_image_has_enlarged_boxes(detector: BlazeFaceDetector) -> None:
    large = ASTRONAUT.repeat(4, axis=0).repeat(4, axis=1)
    assert_alike([_divided(detector([large])[0], 4)], detector([ASTRONAUT]), within=1.5)


def _divided(found: Detections, factor: float) -> Detections:
    return Detections(found.boxes / factor, found.scores, found.landmarks)


def test_the_first_face_has_the_highest_score(detector: BlazeFaceDetector) -> None:
    pair = np.tile(ASTRONAUT, (1, 2, 1))
    pair[:, 512:] = pair[:, 512:] // 3
    (found,) = detector([pair])
    assert len(found.scores) == 2
    assert found.scores[0] > found.scores[1]
    assert found.boxes[0] - found.boxes[1] == pytest.approx([-512, 0, -512, 0], abs=20)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (7, 5), (16, 16), (4000, 5000)])
def test_an_odd_image_has_no_face(detector: BlazeFaceDetector, shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 120, np.uint8)
    (found,) = detector([image])
    assert found.boxes.shape == (0, 4)
    assert found.landmarks.shape == (0, 5, 2)


def test_every_box_overlaps_its_image_whatever_the_threshold(detector: BlazeFaceDetector) -> None:
    loose = BlazeFaceDetector(threshold=0, device="cpu", runtime="onnx")
    image = ASTRONAUT[:400, 100:230]
    (found,) = loose([image])
    assert len(found.boxes) > 10
    assert (found.boxes[:, :2] < (image.shape[1], image.shape[0])).all()
    assert (found.boxes[:, 2:] > 0).all()
    assert (found.boxes[:, 2:] - found.boxes[:, :2] >= 1).all()


def test_a_higher_threshold_finds_fewer_faces() -> None:
    assert len(BlazeFaceDetector(threshold=0.99, device="cpu")([ASTRONAUT])[0].boxes) == 0


def test_a_view_of_another_array_is_read(detector: BlazeFaceDetector) -> None:
    view: NDArray[np.uint8] = np.flip(ASTRONAUT, axis=1)
    before = view.copy()
    assert_alike(detector([view]), detector([before]), within=0)
    assert np.array_equal(view, before)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_beyond_0_to_1_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"threshold: .*from 0 to 1"):
        BlazeFaceDetector(threshold=threshold)


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(ValueError, match=r"network: .*full_sparse.*'front'"):
        BlazeFaceDetector(network="front")  # type: ignore[arg-type]


def test_onnxruntime_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RunError, match=r"pip install onnxruntime"):
        BlazeFaceDetector(runtime="onnx")


def test_onnxruntime_finds_faces_without_torch() -> None:
    code = (
        "import sys; from skimage.data import astronaut\n"
        "from ferkit_detectors.blazeface.detector import BlazeFaceDetector\n"
        "(found,) = BlazeFaceDetector(runtime='onnx')([astronaut()])\n"
        "slow = {'torch', 'torchvision', 'facenet_pytorch', 'safetensors'}\n"
        "print(found.boxes.shape, slow & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.stdout == "(1, 4) set()\n", answer.stderr


def test_versions_differ_by_network_and_runtime() -> None:
    made = [
        BlazeFaceDetector(network=network, runtime=runtime, device="cpu").version  # type: ignore[arg-type]
        for network in ("short", "full")
        for runtime in ("torch", "onnx")
    ]
    assert len(set(made)) == 4


def test_a_pickled_detector_finds_the_same(detector: BlazeFaceDetector) -> None:
    assert_alike(pickle.loads(pickle.dumps(detector))([ASTRONAUT]), detector([ASTRONAUT]), within=0)


def test_a_recipe_cannot_align_its_faces() -> None:
    detector = load_plugins().get("detector", "blazeface")
    problem = alignment_problem(detector, FaceOptions(align="similarity"), load_plugins())
    assert problem is not None
    assert "landmarks" in problem.message
