"""Tiles of large images."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from ferkit_detectors.blazeface.detector import BlazeFaceDetector
from ferkit_detectors.blazeface.search import merge_parts
from ferkit_detectors.blazeface.tiles import OVERLAP, cut_out, merge_tiles, needs_next, tiles_of, with_border

from tests.plugins.test_ferkit_detectors.pictures import ASTRONAUT, group


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (2048, 300), (401, 400)])
@pytest.mark.parametrize("level", [0, 1, 2])
def test_tiles_of_each_level_cover_the_image_and_overlap(size: tuple[int, int], level: int) -> None:
    tiles = tiles_of(size, level)
    side = max(size) / 2**level
    assert max(max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in tiles) == round(side)
    for axis in (0, 1):
        edges = sorted({(tile[axis], tile[axis + 2]) for tile in tiles})
        assert (edges[0][0], edges[-1][1]) == (0, size[axis])
        assert all(one[1] - other[0] >= OVERLAP * side - 1 for one, other in pairwise(edges))


@pytest.mark.parametrize(
    ("sides", "known", "size", "level", "expected"),
    [
        ([], 0, (800, 600), 0, True),
        ([300], 0, (800, 600), 0, False),
        ([300, 70], 0, (800, 600), 0, True),
        ([300, 30], 0, (390, 300), 0, False),  # tiles would have fewer than 200 pixels
        ([], 0, (800, 600), 1, False),
        ([50, 30], 1, (800, 600), 1, True),
        ([50, 30], 2, (800, 600), 1, False),  # this level showed no new face
        ([50, 15], 1, (800, 600), 2, False),
    ],
)
def test_the_next_level_is_searched_for_small_faces(
    sides: list[float], known: int, size: tuple[int, int], level: int, expected: bool
) -> None:
    boxes = np.array([[0.0, 0, side, side] for side in sides]).reshape(-1, 4)
    assert needs_next(boxes, known, size, level) is expected


def test_a_border_doubles_the_image_and_is_black() -> None:
    image = np.full((40, 60, 3), 9, np.uint8)
    wide = cut_out(image, with_border((60, 40)))
    assert wide.shape == (80, 120, 3)
    assert wide.sum() == image.sum()
    assert wide[20:60, 30:90].min() == 9


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
    for threads in (detector.search.network.threads(), 0):  # 0: in batches, as on a GPU
        monkeypatch.setattr(detector.search.network, "threads", lambda threads=threads: threads)
        for one, other in zip(detector([group(), ASTRONAUT]), by_onnx, strict=True):
            assert one.boxes == pytest.approx(other.boxes, abs=0.01)


def test_a_face_that_a_tile_cuts_is_dropped() -> None:
    tiles = [(0, 0, 1000, 500), (0, 0, 500, 500), (500, 0, 1000, 500)]
    whole = np.array([[450.0, 100, 550, 200]]), np.array([0.6])
    cut = np.array([[450.0, 100, 499, 200], [0, 10, 90, 100]]), np.array([0.9, 0.8])
    boxes, scores = merge_tiles([whole, cut, (np.zeros((0, 4)), np.zeros(0))], tiles)
    assert boxes.tolist() == [[0, 10, 90, 100], [450, 100, 550, 200]]
    assert scores.tolist() == [0.8, 0.6]


def test_the_score_in_the_whole_image_is_kept() -> None:
    face = np.array([[10.0, 10, 50, 50]])
    other = np.array([[210.0, 10, 250, 50]])
    parts = [(face, np.array([0.31])), (np.concatenate([face, other]), np.array([0.8, 0.7]))]
    found = merge_parts(parts, [(0, 0, 400, 300), (0, 0, 300, 300)], (400, 300))
    assert found.scores.tolist() == [0.8, 0.7]
    assert found.first_scores.tolist() == [0.31, 0]


def test_versions_differ_by_tiles() -> None:
    made = [BlazeFaceDetector(tiles=tiles, runtime="onnx").version for tiles in (False, True)]
    assert len(set(made)) == 2
