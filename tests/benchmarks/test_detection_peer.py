"""The benchmark against facenet-pytorch runs, and counts faces rightly. No time is judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.detection_peer import Turn, agreement, compose, main, read_images, take_turns
from ferkit.bench.record import read_record
from ferkit.errors import DataError
from ferkit.plugin import Detections


def found(*boxes: tuple[float, float, float, float], score: float = 0.9) -> Detections:
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(count, 4),
        np.full(count, score, np.float32),
        np.zeros((count, 5, 2), np.float32),
    )


@pytest.mark.slow
def test_a_short_run_writes_its_figures_and_the_faces_are_the_same(tmp_path: Path) -> None:
    for number in range(2):
        Image.fromarray(compose(number)).resize((360, 288)).save(tmp_path / f"{number}.png")
    file = tmp_path / "figures.json"
    main(["--images", str(tmp_path), "--limit", "2", "--batch-size", "1", "--out", str(file)])
    record = read_record(file)
    assert [len(one.seconds) for one in record.measurements] == [2, 2]
    facts = record.facts
    assert facts["their_faces"] == facts["our_faces"] >= 2
    assert (facts["lost"], facts["gained"], facts["same_box_share"]) == (0, 0, 1)
    assert facts["times as fast"] > 0
    assert facts["95% interval"] == "none: fewer than 5 times"


def test_each_turn_has_as_many_images_as_told_and_the_last_one_the_rest() -> None:
    small = [np.zeros((40, 40, 3), np.uint8)] * 5
    turns = take_turns(small, 2, lambda text: None)
    assert [(len(turn.theirs), len(turn.ours)) for turn in turns] == [(2, 2), (2, 2), (1, 1)]


def test_composed_pictures_have_sfews_size_and_are_the_same_every_time() -> None:
    first, again, other = (compose(number) for number in (3, 3, 4))
    assert first.shape == (576, 720, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_faces_lost_gained_and_moved_are_counted() -> None:
    theirs = found((0, 0, 100, 100), (200, 0, 300, 100), (400, 0, 500, 100))
    ours = found((201, 0, 301, 100), (10, 0, 110, 100), (600, 0, 700, 100), score=0.8)
    counted = agreement([Turn([theirs], [ours], 1.0, 1.0)])
    assert (counted["lost"], counted["gained"], counted["same_box_share"]) == (1, 1, 0.5)
    assert counted["largest_score_difference"] == pytest.approx(0.1)


def test_where_neither_finds_a_face_none_is_lost() -> None:
    counted = agreement([Turn([found()], [found()], 1.0, 1.0)])
    assert (counted["lost"], counted["gained"], counted["their_images_with_a_face"]) == (0, 0, 0)


def test_a_folder_without_images_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no image"):
        read_images(tmp_path, None)
