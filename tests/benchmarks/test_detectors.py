"""The comparison of BlazeFace with MTCNN, on scikit-image's astronaut."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from benchmarks.detectors import VARIANTS, compose, describe, main
from ferkit.bench.record import Record, read_record
from ferkit.plugin import Detections


@pytest.fixture
def portraits(tmp_path: Path) -> Path:
    folder = tmp_path / "portraits"
    folder.mkdir()
    Image.fromarray(astronaut()).save(folder / "one.png")
    return folder


def measured(tmp_path: Path, folder: Path, *options: str) -> Record:
    main(["--images", str(folder), "--runtime", "onnx", *options, "--out", str(tmp_path / "new.json")])
    return read_record(tmp_path / "new.json")


def found(*boxes: Sequence[float]) -> Detections:
    made = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(made, np.ones(len(made), np.float32), np.full((len(made), 5, 2), np.nan, np.float32))


@pytest.mark.slow
def test_each_detector_finds_the_astronaut(tmp_path: Path, portraits: Path) -> None:
    record = measured(tmp_path, portraits)
    assert list(record.facts) == ["mtcnn", *VARIANTS]
    assert {facts["images with one face"] for facts in record.facts.values()} == {1}
    assert {len(one.seconds) for one in record.measurements} == {1}


@pytest.mark.slow
def test_scenes_have_the_number_of_faces(tmp_path: Path, portraits: Path) -> None:
    record = measured(tmp_path, portraits, "--faces", "6", "--limit", "2")
    assert record.facts["mtcnn"]["faces"] == 12
    assert record.facts["blazeface short"]["faces"] < 12


def test_a_composed_scene_has_all_portraits(portraits: Path) -> None:
    scene = compose([portraits / "one.png"], 60, 0, (1920, 1080), has_near=False)
    assert scene.shape == (1080, 1920, 3)
    corner = scene[:100, :100]
    assert corner.std() > 10
    assert np.array_equal(corner, scene[:100, 174:274])
    near = compose([portraits / "one.png"], 60, 0, (1920, 1080), has_near=True)
    assert not np.array_equal(near[:100, :100], corner)
    assert np.array_equal(near[:, 1200:], scene[:, 1200:])


def test_boxes_are_compared_with_the_first_of_mtcnn() -> None:
    theirs = [found((0, 0, 8, 12), (50, 50, 60, 60)), found((0, 0, 9, 9)), found()]
    ours = [found((70, 70, 80, 80), (0, 4, 10, 14)), found(), found((0, 0, 5, 5))]
    facts = describe(theirs, ours)
    assert facts == {
        "images with a face": 2,
        "images with one face": 1,
        "faces": 3,
        "faces of MTCNN found": 1,
        "MTCNN's first face found": 0.5,
        "MTCNN's first face first": 0,
        "MTCNN's width": 0.8,
        "MTCNN's height": 1.2,
        "MTCNN's centre is higher by": 0.3,
    }
