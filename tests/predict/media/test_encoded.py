"""Videos and animations in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ferkit.predict.media.video import VideoFrame, read_encoded, read_moving
from tests.predict.drawn import picture, write_video


@pytest.mark.parametrize("is_animation", [False, True])
def test_a_video_in_memory_gives_the_frames_of_its_file(tmp_path: Path, is_animation: bool) -> None:
    frames = [picture((4 * i, 10)) for i in range(6)]
    if is_animation:
        first, *others = map(Image.fromarray, frames)
        first.save(file := tmp_path / "a.gif", save_all=True, append_images=others, duration=40)
    else:
        file = write_video(tmp_path / "a.avi", frames)
    expected = [one for one in read_moving(file, is_animation, 2) if isinstance(one, VideoFrame)]
    found = [one for one in read_encoded(file.read_bytes(), is_animation, 2) if isinstance(one, VideoFrame)]
    assert [one.number for one in found] == [0, 2, 4]
    for one, like in zip(found, expected, strict=True):
        assert (one.number, one.time, one.lasts) == (like.number, like.time, like.lasts)
        np.testing.assert_array_equal(one.image, like.image)


def test_frames_with_too_many_pixels_are_not_decoded(tmp_path: Path) -> None:
    content = write_video(tmp_path / "a.avi", [picture((4, 10))] * 3).read_bytes()
    assert all(isinstance(one, VideoFrame) for one in read_encoded(content, False, 1, 96 * 64))
    (problem,) = read_encoded(content, False, 1, 96 * 64 // 2)
    assert isinstance(problem, str)


def test_a_playlist_in_memory_opens_no_file(tmp_path: Path) -> None:
    write_video(tmp_path / "other.avi", [picture((4, 10))] * 3)
    text = f"ffconcat version 1.0\nfile {tmp_path / 'other.avi'}\n"
    (problem,) = read_encoded(text.encode(), False, 1)
    assert isinstance(problem, str)
