"""Anchors, decoded boxes and weighted non-maximum suppression."""

from __future__ import annotations

import numpy as np
import pytest
from ferkit_detectors.blazeface.decode import anchor_centres, decode, merge, overlaps
from ferkit_detectors.blazeface.detector import ANCHORS

ANCHOR = np.array([[10.0, 20.0], [60.0, 60.0]])


def values(*boxes: tuple[float, float, float, float]) -> np.ndarray:
    made = np.zeros((len(boxes), 16), np.float32)
    made[:, :4] = boxes
    return made


@pytest.mark.parametrize(
    ("network", "side", "count"), [("short", 128, 896), ("back", 256, 896), ("full", 192, 2304)]
)
def test_there_is_an_anchor_for_each_output(network: str, side: int, count: int) -> None:
    assert anchor_centres(side, ANCHORS[network]).shape == (count, 2)


def test_anchors_follow_each_other_by_row_then_column_then_number() -> None:
    anchors = anchor_centres(32, {8: 2, 16: 1})
    assert anchors[:4].tolist() == [[4, 4], [4, 4], [12, 4], [12, 4]]
    assert anchors[8].tolist() == [4, 12]
    assert anchors[-4:].tolist() == [[8, 8], [24, 8], [8, 24], [24, 24]]


def test_a_box_is_relative_to_its_anchor() -> None:
    boxes, scores = decode(
        np.array([[0.0], [-9.0]], np.float32), values((2, -4, 8, 6), (0, 0, 9, 9)), ANCHOR, 0.5
    )
    assert boxes.tolist() == [[8, 13, 16, 19]]
    assert scores.tolist() == [0.5]


@pytest.mark.parametrize("box", [(0, 0, 0, 9), (0, 0, 9, -1), (np.nan, 0, 9, 9), (0, 0, np.inf, 9)])
def test_a_box_without_an_area_is_dropped(box: tuple[float, float, float, float]) -> None:
    boxes, scores = decode(np.full((2, 1), 5, np.float32), values(box, (0, 0, 9, 9)), ANCHOR, 0.5)
    assert len(boxes) == len(scores) == 1


def test_extreme_logits_do_not_overflow() -> None:
    _, scores = decode(np.array([[1e6], [-1e6]], np.float32), values((0, 0, 4, 4), (0, 0, 4, 4)), ANCHOR, 0)
    assert scores == pytest.approx([1, 0])


def test_overlapping_boxes_become_their_weighted_mean_with_the_best_score() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [50, 50, 60, 60], [2, 0, 12, 10]])
    merged, scores = merge(boxes, np.array([0.25, 0.5, 0.75]))
    assert merged.tolist() == [[1.5, 0, 11.5, 10], [50, 50, 60, 60]]
    assert scores.tolist() == [0.75, 0.5]


def test_no_boxes_are_merged_to_none() -> None:
    merged, scores = merge(np.zeros((0, 4)), np.zeros(0))
    assert merged.shape == (0, 4)
    assert scores.shape == (0,)


def test_the_overlap_is_the_intersection_over_the_union() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10]])
    assert overlaps(boxes[0], boxes) == pytest.approx([1, 1 / 3, 0])
