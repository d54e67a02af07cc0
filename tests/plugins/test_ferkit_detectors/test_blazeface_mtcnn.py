"""BlazeFace's faces with MTCNN's boxes and landmarks."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from ferkit_detectors.blazeface_mtcnn import BlazeFaceMTCNNDetector
from ferkit_detectors.mtcnn.detector import MTCNNDetector
from ferkit_detectors.mtcnn.onnx_runtime import OnnxRuntime
from ferkit_detectors.mtcnn.refinement import Refinement
from numpy.typing import NDArray

from tests.plugins.test_ferkit_detectors.pictures import ASTRONAUT, group

FACE = np.array([[181.0, 62, 268, 172]])
"""MTCNN's box."""


@pytest.fixture(scope="module")
def detector() -> BlazeFaceMTCNNDetector:
    return BlazeFaceMTCNNDetector(device="cpu", runtime="onnx")


def test_boxes_and_landmarks_are_near_those_of_mtcnn(detector: BlazeFaceMTCNNDetector) -> None:
    ours, theirs = detector([ASTRONAUT])[0], MTCNNDetector(device="cpu", runtime="onnx")([ASTRONAUT])[0]
    assert ours.boxes == pytest.approx(theirs.boxes[:1], abs=2)
    assert ours.landmarks == pytest.approx(theirs.landmarks[:1], abs=2)


@pytest.mark.parametrize("as_on_a_gpu", [False, True])
def test_torch_finds_the_same(
    detector: BlazeFaceMTCNNDetector, monkeypatch: pytest.MonkeyPatch, as_on_a_gpu: bool
) -> None:
    images = [ASTRONAUT, group(), np.zeros((90, 60, 3), np.uint8)]
    by_torch = BlazeFaceMTCNNDetector(device="cpu")
    if as_on_a_gpu:
        monkeypatch.setattr(by_torch.search.network, "threads", lambda: 0)
    for one, other in zip(by_torch(images), detector(images), strict=True):
        assert one.boxes == pytest.approx(other.boxes, abs=0.05)
        assert one.landmarks == pytest.approx(other.landmarks, abs=0.05)
        assert one.scores == pytest.approx(other.scores, abs=1e-3)


def test_small_faces_of_a_group_are_found(detector: BlazeFaceMTCNNDetector) -> None:
    found = detector([group()])[0]
    noses = found.landmarks[:, 2]
    assert len(found.boxes) == 18
    expected = np.array([[150 + 300 * x, 129 + 300 * y] for y in range(3) for x in range(6)])
    assert np.linalg.norm(noses[:, None] - expected[None], axis=2).min(axis=0).max() < 5


def test_a_face_that_fills_the_image_is_found(detector: BlazeFaceMTCNNDetector) -> None:
    tight = np.ascontiguousarray(ASTRONAUT[62:172, 181:268])
    (box,) = detector([tight])[0].boxes
    assert box == pytest.approx([0, 0, 87, 110], abs=20)


def test_an_unsure_face_must_pass_the_networks() -> None:
    refine = Refinement(OnnxRuntime("cpu"), acceptance=0.7)
    boxes = np.concatenate([FACE, FACE + 250])  # a face, and clothes
    scores = np.array([0.4, 0.4])
    by_networks, kept = (refine(ASTRONAUT, boxes, scores, np.full(2, sure)) for sure in (False, True))
    assert [len(by_networks[0]), len(kept[0])] == [1, 2]
    assert by_networks[0] == pytest.approx(FACE, abs=3)


def test_boxes_outside_the_image_are_dropped() -> None:
    refine = Refinement(OnnxRuntime("cpu"), acceptance=0.7)
    found = refine(ASTRONAUT, FACE + 900, np.ones(1), np.ones(1, bool))
    assert [len(one) for one in found] == [0, 0, 0]


@pytest.mark.parametrize("offset", [20.0, -20.0])
def test_a_face_that_the_networks_move_out_of_the_image_is_dropped(
    monkeypatch: pytest.MonkeyPatch, offset: float
) -> None:
    def judge(*given: object) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        values = np.zeros((1, 4)) if given[-1] == 24 else np.full((1, 14), offset)
        return np.zeros(1, np.float32), values.astype(np.float32)

    monkeypatch.setattr("ferkit_detectors.mtcnn.refinement.judge", judge)
    refine = Refinement(OnnxRuntime("cpu"), acceptance=0.7)
    found = refine(ASTRONAUT, FACE, np.ones(1), np.ones(1, bool))
    assert [len(one) for one in found] == [0, 0, 0]


def test_it_is_pickled(detector: BlazeFaceMTCNNDetector) -> None:
    again = pickle.loads(pickle.dumps(detector))
    assert again([ASTRONAUT])[0].boxes == pytest.approx(detector([ASTRONAUT])[0].boxes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"threshold": 1.5}, "threshold.*1.5"),
        ({"acceptance": -1}, "acceptance.*-1"),
        ({"network": "x"}, "short"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        BlazeFaceMTCNNDetector(runtime="onnx", **options)
