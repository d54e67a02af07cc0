"""Tiles of large images, and boxes with MTCNN's proportions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from ferkit_detectors.blazeface.detector import ANCHORS, BlazeFaceDetector
from ferkit_detectors.blazeface.frame import FRAMES, Frame
from ferkit_detectors.blazeface.tiles import LEAST, OVERLAP, merge_tiles, tiles_of
from numpy.typing import NDArray
from skimage.data import astronaut

ASTRONAUT = astronaut()


def group() -> NDArray[np.uint8]:
    """Six columns and three rows of the astronaut: faces of about 90 pixels in 1800 by 900."""
    return np.tile(ASTRONAUT[:300, 75:375], (3, 6, 1))


@pytest.mark.parametrize(("size", "count"), [((720, 576), 1), ((959, 959), 1), ((960, 960), 10)])
def test_only_large_images_have_tiles(size: tuple[int, int], count: int) -> None:
    tiles = tiles_of(*size)
    assert tiles[0] == (0, 0, *size)
    assert len(tiles) == count


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (2048, 300), (4000, 3000)])
def test_tiles_of_each_level_cover_the_image_and_overlap(size: tuple[int, int]) -> None:
    tiles = tiles_of(*size)[1:]
    for side in {max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in tiles}:
        assert side >= LEAST
        level = [tile for tile in tiles if max(tile[2] - tile[0], tile[3] - tile[1]) == side]
        for axis in (0, 1):
            edges = sorted({(tile[axis], tile[axis + 2]) for tile in level})
            assert (edges[0][0], edges[-1][1]) == (0, size[axis])
            assert all(one[1] - other[0] >= OVERLAP * side - 1 for one, other in pairwise(edges))


def test_small_faces_of_a_group_are_found_in_tiles() -> None:
    image = group()
    alone, tiled = (
        BlazeFaceDetector(tiles=tiles, device="cpu", runtime="onnx")([image])[0] for tiles in (False, True)
    )
    assert len(tiled.boxes) == 18
    assert len(alone.boxes) < 18
    centres = (tiled.boxes[:, :2] + tiled.boxes[:, 2:]) / 2
    expected = np.array([[151 + 300 * x, 123 + 300 * y] for y in range(3) for x in range(6)])
    nearest = np.linalg.norm(centres[:, None] - expected[None], axis=2)
    assert sorted(nearest.argmin(axis=1)) == list(range(18))
    assert nearest.min(axis=1).max() < 15


def test_torch_finds_the_faces_of_tiles_too(monkeypatch: pytest.MonkeyPatch) -> None:
    by_onnx = BlazeFaceDetector(tiles=True, device="cpu", runtime="onnx")([group(), ASTRONAUT])
    detector = BlazeFaceDetector(tiles=True, device="cpu")
    for threads in (detector.network.threads(), 0):  # 0: in batches, as on a GPU
        monkeypatch.setattr(detector.network, "threads", lambda threads=threads: threads)
        for one, other in zip(detector([group(), ASTRONAUT]), by_onnx, strict=True):
            assert one.boxes == pytest.approx(other.boxes, abs=0.01)


def test_a_face_that_a_tile_cuts_is_dropped() -> None:
    tiles = [(0, 0, 1000, 500), (0, 0, 500, 500), (500, 0, 1000, 500)]
    whole = np.array([[450.0, 100, 550, 200]]), np.array([0.6])
    cut = np.array([[450.0, 100, 499, 200], [0, 10, 90, 100]]), np.array([0.9, 0.8])
    boxes, scores = merge_tiles([whole, cut, (np.zeros((0, 4)), np.zeros(0))], tiles)
    assert boxes.tolist() == [[0, 10, 90, 100], [450, 100, 550, 200]]
    assert scores.tolist() == [0.8, 0.6]


def test_a_frame_reshapes_boxes_around_a_higher_centre() -> None:
    boxes = Frame(0.5, 2.0, 0.1).reshape(np.array([[100.0, 100, 200, 150]]))
    assert boxes == pytest.approx(np.array([[125, 70, 175, 170]]))


@pytest.mark.parametrize("network", ANCHORS)
def test_boxes_in_the_frame_of_mtcnn_are_narrower_and_higher(network: str) -> None:
    own, framed = (
        BlazeFaceDetector(network=network, frame=frame, device="cpu", runtime="onnx")([ASTRONAUT])[0].boxes[0]  # type: ignore[arg-type]
        for frame in ("blazeface", "mtcnn")
    )
    ratio = (framed[2:] - framed[:2]) / (own[2:] - own[:2])
    assert ratio == pytest.approx((FRAMES[network].width, FRAMES[network].height), abs=1e-3)


def test_versions_differ_by_tiles_and_frame() -> None:
    made = [
        BlazeFaceDetector(tiles=tiles, frame=frame, runtime="onnx").version  # type: ignore[arg-type]
        for tiles in (False, True)
        for frame in ("blazeface", "mtcnn")
    ]
    assert len(set(made)) == 4


def test_an_unknown_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="frame: expected blazeface or mtcnn, got 'retinaface'"):
        BlazeFaceDetector(frame="retinaface")  # type: ignore[arg-type]
