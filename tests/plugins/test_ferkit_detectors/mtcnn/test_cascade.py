"""The cascade, in torch and onnxruntime, compared with facenet-pytorch's `detect_face`."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from facenet_pytorch import MTCNN
from facenet_pytorch.models.utils.detect_face import detect_face
from ferkit_detectors.mtcnn.boxes import Candidates
from ferkit_detectors.mtcnn.cascade import Cascade
from ferkit_detectors.mtcnn.runtime import Runtime
from numpy.typing import NDArray

from ferkit.data.images import read_image

from .scenes import ASTRONAUT, crowd, cut, grey, rotated, scaled

SHARED = Path(__file__).parents[5] / "shared" / "data"
THRESHOLDS = (0.6, 0.7, 0.7)
SCENES = {
    "crowd": crowd(),
    "enlarged": scaled(1.37),
    "small": scaled(0.3),
    "tilted": rotated(25),
    "lying": rotated(90),
    "cut": cut(),
    "grey": grey(),
    "narrow": np.ascontiguousarray(ASTRONAUT[:, 150:301]),
}


@pytest.fixture(scope="session")
def cascade(runtime: Runtime) -> Cascade:
    return Cascade(runtime, 20, THRESHOLDS, 0.709)


@pytest.fixture(scope="module")
def peer() -> MTCNN:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return MTCNN(device="cpu").eval()


@torch.inference_mode()
def assert_agree(cascade: Cascade, peer: MTCNN, image: NDArray[np.uint8], least: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, of facenet-pytorch's ragged arrays
        boxes, points = detect_face(
            image, 20, peer.pnet, peer.rnet, peer.onet, list(THRESHOLDS), 0.709, peer.device
        )
    theirs, landmarks = (np.asarray(found[0], dtype=np.float32) for found in (boxes, points))
    ours = cascade(image[None])
    assert len(ours) == len(theirs) >= least
    if len(theirs):
        assert ours.boxes == pytest.approx(theirs[:, :4], abs=0.01)
        assert ours.scores == pytest.approx(theirs[:, 4], abs=1e-4)
        assert ours.values == pytest.approx(landmarks, abs=0.01)


@pytest.mark.parametrize("scene", SCENES)
def test_faces_are_facenet_pytorchs(cascade: Cascade, peer: MTCNN, scene: str) -> None:
    assert_agree(cascade, peer, SCENES[scene], least=0 if scene == "lying" else 1)


@pytest.mark.data
@pytest.mark.skipif(not (SHARED / "london").is_dir(), reason="../shared/data/london is absent")
@pytest.mark.parametrize(("folder", "least"), [("london/smiling", 1), ("photos/no_face", 0)])
def test_faces_in_images_are_facenet_pytorchs(cascade: Cascade, peer: MTCNN, folder: str, least: int) -> None:
    for path in sorted((SHARED / folder).glob("*.jpg"))[:2]:
        assert_agree(cascade, peer, read_image(path), least)


def test_the_same_picture_gives_the_same_bits_twice(cascade: Cascade) -> None:
    first, second = (cascade(crowd()[None]) for _ in range(2))
    for name in ("boxes", "scores", "values"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


def test_strips_change_no_answer(cascade: Cascade, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cascade(crowd()[None])
    monkeypatch.setattr(cascade.runtime, "strip", 9000)
    strips = cascade(crowd()[None])
    assert len(whole) == len(strips) >= 3
    assert np.allclose(whole.boxes, strips.boxes, atol=1e-3)


def test_a_picture_comes_out_alike_at_every_place_of_a_batch(cascade: Cascade) -> None:
    blank = np.zeros_like(ASTRONAUT)
    found = cascade(np.stack([ASTRONAUT, blank, np.ascontiguousarray(ASTRONAUT[:, ::-1]), ASTRONAUT]))
    first, last = found[found.images == 0], found[found.images == 3]
    assert len(first) == len(last) >= 1
    assert np.allclose(first.boxes, last.boxes, atol=1e-3)
    assert not len(found[found.images == 1])
    assert len(found[found.images == 2])


@pytest.mark.parametrize("stage", range(3))
def test_a_stage_may_find_nothing(runtime: Runtime, stage: int) -> None:
    first, second, third = (1.0 if number == stage else 0.6 for number in range(3))
    found = Cascade(runtime, 20, (first, second, third), 0.709)(scaled(0.3)[None])
    assert (len(found), found.boxes.shape, found.values.shape) == (0, (0, 4), (0, 5, 2))


def test_crops_one_pixel_high_and_boxes_outside_are_judged_or_left_out(cascade: Cascade) -> None:
    low, outside, face = (50, 511, 90, 560), (-90, -90, -20, -20), (174, 68, 270, 164)
    boxes = np.array([low, outside, face], np.float32)
    parts = (boxes, np.ones(3, np.float32), np.zeros(3, np.int64), np.zeros((3, 4), np.float32))
    given = Candidates(*(cascade.runtime.xp.asarray(part) for part in parts))
    sums = cascade.runtime.summed_area(ASTRONAUT[None])
    with cascade.runtime.inference():
        judged = cascade._judge(cascade.runtime.rnet, given, sums, 24, threshold=-1)
    assert judged.boxes.tolist() == boxes[[0, 2]].tolist()
    assert judged.scores[1] > 0.9 > judged.scores[0]


def test_how_many_crops_go_together_changes_no_answer(
    cascade: Cascade, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = cascade(crowd()[None])
    monkeypatch.setattr(cascade.runtime, "chunk", 5)
    apart = cascade(crowd()[None])
    assert np.allclose(together.boxes, apart.boxes, atol=1e-3)
    assert np.allclose(together.scores, apart.scores, atol=1e-4)
