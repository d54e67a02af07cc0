"""The same face has the same number."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ferkit.predict.media.cuts import Cut
from ferkit.predict.tracker import Tracker, overlaps

SIDE = 20


def scene(*places: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The boxes of faces at (x, y), each of a look of its own, the first face first."""
    image = np.full((80, 400, 3), 90, np.uint8)
    for number, (x, y) in enumerate(places):
        look = np.random.default_rng(number).integers(0, 255, (SIDE // 4, SIDE // 4, 1))
        image[y : y + SIDE, x : x + SIDE] = look.repeat(4, 0).repeat(4, 1)
    boxes = [(x, y, x + SIDE, y + SIDE) for x, y in places]
    return np.array(boxes, np.float32).reshape(-1, 4), image


def test_overlap_is_the_shared_area_over_both_areas() -> None:
    one = np.array([[0, 0, 10, 10]], np.float32)
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
    np.testing.assert_allclose(overlaps(one, others), [[1, 50 / 150, 0]])


def test_faces_keep_their_numbers_while_they_move_past_one_another_in_the_list() -> None:
    tracker = Tracker()
    for step in range(10):
        boxes, image = scene((10 + 3 * step, 10), (200 - 3 * step, 10))
        turned = slice(None, None, -1 if step % 2 else 1)  # the detector's order is of no account
        numbers = tracker.follow(boxes[turned], image, step / 10)
        assert numbers == ([2, 1] if step % 2 else [1, 2])


def test_all_faces_of_a_frame_are_matched_together() -> None:
    """The first of the new boxes overlaps the second of the old ones most, but so does the second."""
    tracker = Tracker()
    old = np.array([[0, 0, 20, 20], [12, 0, 32, 20]], np.float32)
    image = np.zeros((40, 80, 3), np.uint8)
    assert tracker.follow(old, image, 0) == [1, 2]
    new = np.array([[7, 0, 27, 20], [14, 0, 34, 20]], np.float32)
    assert tracker.follow(new, image, 0.1) == [1, 2]


def test_a_face_that_jumps_is_known_again_by_its_look_and_another_is_not() -> None:
    tracker = Tracker()
    tracker.follow(*scene((10, 10)), 0)
    assert tracker.follow(*scene((45, 10)), 0.1) == [1]
    _, image = scene((0, 50), (80, 10))
    assert tracker.follow(np.array([[80, 10, 100, 30]], np.float32), image, 0.2) == [2]


def test_a_face_that_comes_back_soon_is_the_same_and_after_long_another() -> None:
    tracker = Tracker()
    boxes, image = scene((10, 10))
    nothing = np.zeros((0, 4), np.float32)
    assert tracker.follow(boxes, image, 0) == [1]
    assert tracker.follow(nothing, image, 0.4) == []
    assert tracker.follow(boxes, image, 0.8) == [1]
    for step in range(10):
        tracker.follow(nothing, image, 1 + 0.2 * step)
    assert tracker.follow(boxes, image, 3.0) == [2]


@pytest.mark.parametrize("gap", [0.04, 30.0])
def test_frames_that_are_far_apart_in_time_are_still_consecutive(gap: float) -> None:
    tracker = Tracker()
    boxes, image = scene((10, 10))
    assert [tracker.follow(boxes, image, gap * step) for step in range(4)] == [[1]] * 4


def test_a_face_without_any_contrast_or_beyond_the_edge_is_followed() -> None:
    tracker = Tracker()
    image = np.full((40, 40, 3), 7, np.uint8)
    box = np.array([[-10, -10, 12, 12]], np.float32)
    assert [tracker.follow(box, image, step / 10) for step in range(3)] == [[1]] * 3


def test_two_overlaps_that_are_too_small_do_not_outweigh_one_that_is_not() -> None:
    tracker = Tracker()
    image = np.zeros((40, 80, 3), np.uint8)
    assert tracker.follow(np.array([[0, 0, 20, 20], [20, 0, 40, 20]], np.float32), image, 0) == [1, 2]
    moved = np.array([[9, 0, 29, 20], [-11, 0, 9, 20]], np.float32)  # 0.38 and 0.29 of 1; 0.29 of 2
    assert tracker.follow(moved, image, 0.1) == [1, 3]


def test_two_likenesses_that_are_too_small_do_not_outweigh_one_that_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tracker = Tracker()
    tracker.follow(*scene((10, 10), (40, 10)), 0)
    fit = iter([0.92, 0.8, 0.8, -1.0] * 2)
    monkeypatch.setattr("ferkit.predict.tracker.likeness", lambda *_: next(fit))
    assert tracker.follow(*scene((10, 50), (40, 50)), 0.1) == [1, 3]


def test_two_faces_that_cross_keep_their_numbers() -> None:
    tracker = Tracker()
    for step in range(12):
        assert tracker.follow(*scene((10 + 7 * step, 10), (87 - 7 * step, 30)), step / 25) == [1, 2]


def test_all_tracks_end_at_a_cut_and_no_number_is_used_again() -> None:
    tracker = Tracker()
    assert tracker.follow(*scene((10, 10), (60, 10)), 0) == [1, 2]
    assert tracker.follow(*scene((10, 10), (60, 10)), 0.04, Cut.CERTAIN) == [3, 4]
    assert tracker.follow(*scene((10, 10), (60, 10)), 0.08) == [3, 4]


def test_at_a_possible_cut_only_the_same_face_continues() -> None:
    tracker = Tracker()
    tracker.follow(*scene((10, 10), (60, 10)), 0)
    boxes, image = scene((60, 50), (60, 10))
    boxes[0], image[10:30, 10:30] = (10, 10, 30, 30), 200 - image[10:30, 60:80] // 2
    assert tracker.follow(boxes, image, 0.04, Cut.POSSIBLE) == [3, 2]
