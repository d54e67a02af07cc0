"""The detector mtcnn, in torch and onnxruntime, compared with facenet-pytorch."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import array_api_compat.numpy
import numpy as np
import pytest
import torch
from facenet_pytorch import MTCNN
from ferkit_detectors.mtcnn import onnx_runtime
from ferkit_detectors.mtcnn.detector import MTCNNDetector
from ferkit_detectors.mtcnn.onnx_runtime import OnnxRuntime
from numpy.typing import NDArray
from PIL import Image

from ferkit.data.images import read_image
from ferkit.errors import RunError
from ferkit.plugin import Detections

from . import scenes
from .scenes import ASTRONAUT

SHARED = Path(__file__).parents[5] / "shared" / "data"
SFEW = os.environ.get("FERKIT_SFEW", "")
METHODS = ("probability", "largest", "largest_over_threshold", "center_weighted_size")

needs_london = pytest.mark.skipif(not (SHARED / "london").is_dir(), reason="../shared/data/london is absent")

needs_sfew = pytest.mark.skipif(
    not SFEW or not Path(SFEW).is_dir(), reason="FERKIT_SFEW names no folder with SFEW-675"
)


@pytest.fixture(scope="module", params=["torch", "onnx"])
def detector(request: pytest.FixtureRequest) -> MTCNNDetector:
    return MTCNNDetector(device="cpu", runtime=request.param)


@pytest.fixture(scope="module")
def by_torch() -> MTCNNDetector:
    return MTCNNDetector(device="cpu")


@pytest.fixture(scope="module")
def by_onnx() -> MTCNNDetector:
    return MTCNNDetector(device="cpu", runtime="onnx")


@pytest.fixture(scope="module")
def crowd() -> NDArray[np.uint8]:
    return scenes.crowd()


def test_a_face_is_found_where_it_is(detector: MTCNNDetector) -> None:
    (found,) = detector([ASTRONAUT])
    x0, y0, x1, y1 = found.boxes[0]
    assert (found.boxes.dtype, found.scores.dtype, found.landmarks.shape[1:]) == (
        np.float32,
        np.float32,
        (5, 2),
    )
    assert 160 < x0 < 190
    assert 50 < y0 < 90
    assert 250 < x1 < 290
    assert 150 < y1 < 190
    assert found.scores[0] > 0.99


def test_landmarks_are_eyes_nose_and_mouth_in_their_order(detector: MTCNNDetector) -> None:
    left_eye, right_eye, nose, left_mouth, right_mouth = detector([ASTRONAUT])[0].landmarks[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    assert left_mouth[0] < right_mouth[0]


@pytest.mark.parametrize("method", METHODS)
def test_the_order_is_facenet_pytorchs_own(method: str, crowd: NDArray[np.uint8]) -> None:
    theirs = MTCNN(keep_all=True, device="cpu").eval()
    boxes, scores, points = theirs.detect(crowd, landmarks=True)
    picture = Image.fromarray(crowd)  # center_weighted_size asks it for its width
    chosen, _, _ = theirs.select_boxes(boxes, scores, points, picture, method=method)
    (ours,) = MTCNNDetector(selection_method=method, device="cpu")([crowd])
    assert len(ours.boxes) == len(boxes) >= 3
    assert ours.boxes[0] == pytest.approx(np.asarray(chosen[0], dtype=np.float32), abs=1e-3)


def test_the_most_probable_face_comes_first_by_default(
    detector: MTCNNDetector, crowd: NDArray[np.uint8]
) -> None:
    scores = detector([crowd])[0].scores
    assert list(scores) == sorted(scores, reverse=True)


def test_images_side_by_side_leave_torchs_threads_as_they_were(detector: MTCNNDetector) -> None:
    before = torch.get_num_threads()
    together = detector([ASTRONAUT, np.zeros_like(ASTRONAUT), ASTRONAUT])
    assert torch.get_num_threads() == before
    assert [len(found.boxes) for found in together] == [1, 0, 1]


def test_a_image_that_fails_among_others_is_not_passed_over(
    detector: MTCNNDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(images: NDArray[np.uint8]) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(detector, "_detect", fail)
    with pytest.raises(MemoryError, match="no room"):
        detector([ASTRONAUT, ASTRONAUT])


def test_a_image_gets_the_same_answer_alone_and_among_others(
    detector: MTCNNDetector, crowd: NDArray[np.uint8]
) -> None:
    flipped = np.ascontiguousarray(ASTRONAUT[:, ::-1])
    blank = np.zeros_like(ASTRONAUT)
    images = [ASTRONAUT, crowd, blank, flipped]
    for together, image in zip(detector(images), images, strict=True):
        (alone,) = detector([image])
        assert together.boxes.shape == alone.boxes.shape
        assert together.boxes == pytest.approx(alone.boxes, abs=0.05)
        assert together.scores == pytest.approx(alone.scores, abs=1e-4)


@pytest.mark.parametrize("shape", [(480, 640), (1, 1), (11, 500), (19, 19), (20, 20), (12, 12)])
def test_where_there_is_no_face_nothing_is_found(detector: MTCNNDetector, shape: tuple[int, int]) -> None:
    (found,) = detector([np.full((*shape, 3), 90, dtype=np.uint8)])
    assert (found.boxes.shape, found.scores.shape, found.landmarks.shape) == ((0, 4), (0,), (0, 5, 2))


def test_the_version_names_the_cascade_and_the_weights_and_tells_the_runtimes_apart(
    by_torch: MTCNNDetector, by_onnx: MTCNNDetector
) -> None:
    assert re.fullmatch(r"cascade \d+, weights of facenet-pytorch [\d.]+", by_torch.version)
    assert by_onnx.version == f"{by_torch.version}, by onnxruntime"


def test_options_reach_the_networks(crowd: NDArray[np.uint8]) -> None:
    assert len(MTCNNDetector(device="cpu")([crowd])[0].boxes) >= 3
    large_only = MTCNNDetector(min_face_size=90, device="cpu")([crowd])[0]
    assert len(large_only.boxes) < 3
    sure_only = MTCNNDetector(thresholds=(0.6, 0.7, 1.0), device="cpu")([crowd])[0]
    assert len(sure_only.boxes) < 3


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"min_face_size": 0}, "min_face_size: expected at least 1 pixel, got 0"),
        ({"factor": 1.0}, "factor: expected a number between 0 and 1, got 1.0"),
        ({"thresholds": (0.6, 0.7, 1.7)}, "thresholds: expected numbers from 0 to 1"),
    ],
)
def test_an_option_that_can_not_be_is_named(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        MTCNNDetector(**options)


def assert_alike(ours: Sequence[Detections], theirs: Sequence[Detections]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert len(one.boxes) == len(other.boxes)
        assert one.boxes == pytest.approx(other.boxes, abs=0.01)
        assert one.scores == pytest.approx(other.scores, abs=1e-4)
        assert one.landmarks == pytest.approx(other.landmarks, abs=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (12, 12), (20, 20), (24, 900), (900, 21), (1, 5000), (40, 40)])
def test_both_runtimes_agree_about_tiny_pictures_and_strips(
    by_torch: MTCNNDetector, by_onnx: MTCNNDetector, shape: tuple[int, int]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    strip = np.resize(np.ascontiguousarray(ASTRONAUT[68:170]), (*shape, 3))
    assert_alike(by_onnx([noise, strip]), by_torch([noise, strip]))


def test_images_of_one_size_go_through_a_gpus_networks_together(
    by_onnx: MTCNNDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread, as on a GPU, where threads for images would not help."""
    flipped = np.ascontiguousarray(ASTRONAUT[:, ::-1])
    images = [ASTRONAUT, np.zeros_like(ASTRONAUT), flipped, ASTRONAUT[:300]]
    apart = by_onnx(images)
    monkeypatch.setattr(by_onnx.cascade.runtime, "cores", 1)
    assert_alike(by_onnx(images), apart)
    assert [len(one.boxes) for one in apart] == [1, 0, 1, 1]


def test_a_numpy_without_the_array_api_has_it_from_the_package(
    by_torch: MTCNNDetector, by_onnx: MTCNNDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.delattr(np, "unstack", raising=False)
        package = onnx_runtime._array_api()
    assert package is array_api_compat.numpy
    monkeypatch.setattr(OnnxRuntime, "xp", package)
    assert_alike(by_onnx([scenes.crowd()]), by_torch([scenes.crowd()]))


def test_onnxruntime_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RunError, match=r"pip install onnxruntime"):
        MTCNNDetector(runtime="onnx")


def test_onnxruntime_finds_faces_without_torch() -> None:
    code = (
        "import sys; from skimage.data import astronaut\n"
        "from ferkit_detectors.mtcnn.detector import MTCNNDetector\n"
        "(found,) = MTCNNDetector(runtime='onnx')([astronaut()])\n"
        "slow = {'torch', 'torchvision', 'facenet_pytorch', 'array_api_compat'}\n"
        "print(found.boxes.shape, slow & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.stdout == "(1, 4) set()\n", answer.stderr


@pytest.mark.data
@needs_sfew
def test_both_runtimes_find_the_same_faces_in_images(by_torch: MTCNNDetector, by_onnx: MTCNNDetector) -> None:
    images = [read_image(path) for path in sorted(Path(SFEW).glob("*/*.png"))[::14]]
    assert len(images) > 40
    assert_alike(by_onnx(images), by_torch(images))


@pytest.mark.data
@needs_london
def test_portraits_have_one_face_and_landscapes_hardly_any(detector: MTCNNDetector) -> None:
    portraits = [read_image(path) for path in sorted((SHARED / "london" / "smiling").glob("*.jpg"))[:12]]
    assert [len(found.boxes) for found in detector(portraits)] == [1] * 12
    scenes = [read_image(path) for path in sorted((SHARED / "photos" / "no_face").glob("*.jpg"))[:6]]
    assert all((found.scores < 0.95).all() for found in detector(scenes))


@pytest.mark.slow
@pytest.mark.data
@needs_sfew
def test_643_of_sfews_675_images_have_a_face_at_facenet_pytorchs_defaults(
    detector: MTCNNDetector,
) -> None:
    paths = sorted(Path(SFEW).glob("*/*.png"))
    assert len(paths) == 675
    found = 0
    for start in range(0, len(paths), 15):
        found += sum(
            len(one.boxes) > 0 for one in detector([read_image(p) for p in paths[start : start + 15]])
        )
    assert found == 643
