"""Faces of videos that are carried between detections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.data import astronaut

from ferkit.errors import RunError
from ferkit.interfaces import Detections
from ferkit.predict import Predicted, Predictor
from ferkit.predict.carrier import FaceCarrier
from ferkit.predict.media.cuts import Cut
from ferkit.predict.media.frames import Frame
from ferkit.predict.media.sources import ImageSource, VideoSource
from ferkit.predict.tracker import overlaps
from tests.predict.drawn import write_video

FACE = astronaut()[40:200, 150:310]
BOX = 31, 22, 118, 132
"""The astronaut's face in FACE."""
Place = tuple[float, float, float]
"""x, y and scale of FACE."""
Move = Callable[[int], Place]


def scene(*places: tuple[float, float, float], width: int = 640, height: int = 360) -> NDArray[np.uint8]:
    """Grey, with FACE at each (x, y, scale)."""
    image = np.full((height, width, 3), 120, np.uint8)
    for x, y, scale in places:
        moved = np.array([[scale, 0, x], [0, scale, y]], np.float64)
        layer = cv2.warpAffine(FACE, moved, (width, height), flags=cv2.INTER_AREA)
        mask = cv2.warpAffine(np.ones(FACE.shape[:2], np.uint8), moved, (width, height))
        image[mask > 0] = layer[mask > 0]
    return image


def box_at(x: float, y: float, scale: float) -> NDArray[np.float32]:
    return np.array(BOX, np.float32) * scale + np.array([x, y, x, y], np.float32)


class Known:
    """A detector that knows where the faces are, and counts its images."""

    def __init__(self, boxes: Sequence[Sequence[NDArray[np.float32]]]) -> None:
        self.boxes = boxes
        self.seen: list[int] = []

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        self.seen += [int(image[0, 0, 0]) for image in images]
        return [_detections(self.boxes[image[0, 0, 0]]) for image in images]


def _detections(boxes: Sequence[NDArray[np.float32]]) -> Detections:
    """Boxes whose landmarks are all their centres."""
    found = np.array(boxes, np.float32).reshape(-1, 4)
    centres = (found[:, :2] + found[:, 2:]) / 2
    return Detections(found, np.ones(len(found), np.float32), np.repeat(centres[:, None], 5, axis=1))


def frames_of(images: Sequence[NDArray[np.uint8]], name: str = "a.mp4") -> list[Frame]:
    """Frames that hold their number in the first pixel."""
    source = VideoSource(Path(name), Path(name), False)
    for number, image in enumerate(images):
        image[0, 0] = number
    return [Frame(source, image, number, number / 25) for number, image in enumerate(images)]


def carry_all(places: Sequence[Sequence[Place]], every: int) -> tuple[Known, list[Detections]]:
    find = Known([[box_at(*one) for one in faces] for faces in places])
    return find, FaceCarrier(find, every)(frames_of([scene(*faces) for faces in places]))


@pytest.mark.parametrize(
    "move",
    [
        lambda n: (60 + 5 * n, 60 + 2 * n, 1.0),
        lambda n: (200 - n, 100 - n, 0.8 + 0.02 * n),
        lambda n: (100, 100, 1.0),
    ],
)
def test_a_carried_box_follows_its_face(move: Move) -> None:
    places = [[move(number)] for number in range(10)]
    find, found = carry_all(places, 5)
    assert find.seen == [0, 5]
    for one, faces in zip(found, places, strict=True):
        assert overlaps(one.boxes, box_at(*faces[0])[None])[0, 0] > 0.93
        assert one.landmarks[0, 0] == pytest.approx(box_at(*faces[0]).reshape(2, 2).mean(axis=0), abs=3)


def test_two_faces_keep_their_order() -> None:
    places = [[(20 + 4 * n, 30, 1.0), (420 - 4 * n, 150, 1.0)] for n in range(4)]
    find, found = carry_all(places, 4)
    assert find.seen == [0]
    assert np.diag(overlaps(found[3].boxes, np.stack([box_at(*one) for one in places[3]]))).min() > 0.93


def test_a_changed_scene_is_detected_at_once() -> None:
    find = Known([[box_at(60, 60, 1)]] * 3 + [[]] * 3)
    other = np.full((360, 640, 3), 220, np.uint8)
    images = [*(scene((60, 60, 1)) for _ in range(3)), *(other.copy() for _ in range(3))]
    found = FaceCarrier(find, 10)(frames_of(images))
    assert find.seen == [0, 3]
    assert [len(one.boxes) for one in found] == [1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("cut", [Cut.POSSIBLE, Cut.CERTAIN])
def test_a_cut_forces_a_detection(cut: Cut) -> None:
    find = Known([[box_at(60, 60, 1)]] * 6)
    frames = frames_of([scene((60, 60, 1)) for _ in range(6)])
    frames[2] = replace(frames[2], cut=cut)
    FaceCarrier(find, 3)(frames)
    assert find.seen == [0, 2, 5]


def test_a_lost_face_is_detected_again() -> None:
    places: list[list[Place]] = [[(60, 60, 0.6)], [(60, 60, 0.6)], [(500, 200, 0.6)]]
    find, found = carry_all(places, 10)
    assert find.seen == [0, 2]
    assert overlaps(found[2].boxes, box_at(*places[2][0])[None])[0, 0] > 0.99


def test_batches_and_videos_do_not_change_where_faces_are_detected() -> None:
    places = [[(60.0 + n, 60.0, 1.0)] for n in range(7)]
    find = Known([[box_at(*one) for one in faces] for faces in places])
    carrier = FaceCarrier(find, 3)
    frames = frames_of([scene(*faces) for faces in places])
    assert sum(len(carrier(frames[i : i + 2])) for i in range(0, 7, 2)) == 7
    assert find.seen == [0, 3, 6]
    carrier(frames_of([scene(*places[0])], "b.mp4"))
    assert find.seen == [0, 3, 6, 0]
    image = Frame(ImageSource(Path("a.png"), Path("a.png")), scene(*places[0]))
    image.image[0, 0] = 0
    carrier([image, image])
    assert find.seen == [0, 3, 6, 0, 0, 0]


def test_tracks_are_those_of_detecting_in_every_frame(tmp_path: Path) -> None:
    """Two moving faces, a hard cut to another scene, and an empty scene."""
    first = [scene((30 + 6 * n, 40, 1), (450 - 6 * n, 180, 1)) for n in range(12)]
    second = [255 - scene() for _ in range(15)]  # longer than a track is awaited
    third = [np.maximum(scene((250, 90 + 3 * n, 1.1)), 60) for n in range(8)]
    file = write_video(tmp_path / "clip.mp4", [*first, *second, *third])
    predictor = Predictor(device="cpu")

    def rows(detect_every: int) -> list[list[tuple[int | None, object]]]:
        stream = predictor.stream(file, detect_every=detect_every)
        return [[(row.track, row.box) for row in one.rows] for one in stream if isinstance(one, Predicted)]

    for all_detected, carried in zip(rows(1), rows(5), strict=True):
        assert sorted(str(track) for track, _ in carried) == sorted(str(track) for track, _ in all_detected)
        by_track = dict(carried)
        for track, box in all_detected:
            if box is not None:
                pair = (np.array([one], np.float32) for one in (box, by_track[track]))
                assert overlaps(*pair)[0, 0] > 0.8


def test_an_interval_below_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="detect_every: expected a whole number of at least 1, got 0"):
        list(Predictor(device="cpu").stream(tmp_path, detect_every=0))


@pytest.mark.parametrize("value", ["3", 2.5, True])
def test_an_interval_that_is_no_whole_number_is_an_error(tmp_path: Path, value: Any) -> None:
    with pytest.raises(RunError, match="detect_every: expected a whole number"):
        list(Predictor(device="cpu").stream(tmp_path, detect_every=value))


def test_the_box_of_a_whole_frame_stays_where_the_scene_moves() -> None:
    frames = frames_of([np.roll(scene((200, 100, 1)), 6 * step, axis=1) for step in range(4)])
    height, width = frames[0].image.shape[:2]
    find = Known([[np.array([0, 0, width, height], np.float32)] for _ in frames])
    for found in FaceCarrier(find, 4)(frames):
        assert found.boxes.tolist() == [[0, 0, width, height]]
