"""Probabilities of tracks that are smoothed over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from ferkit.errors import RunError
from ferkit.predict import Predicted, Predictor, Row
from ferkit.predict.media.frames import Frame
from ferkit.predict.media.image_spool import ImageSpool
from ferkit.predict.media.sources import Ignored, ImageSource, InputError, VideoSource
from ferkit.predict.smoothing import Item, smooth
from tests.predict.drawn import picture, write_video

VIDEO = VideoSource(Path("a.mp4"), Path("a.mp4"))


def frame_at(time: float, *faces: tuple[int, float], source: VideoSource = VIDEO, lasts: float = 0.1) -> Item:
    """A frame with faces of a track and their probability of anger."""
    rows = [
        Row("a.mp4", 0, time, 1, track, probabilities={"anger": p, "joy": 1 - p}, label="?")
        for track, p in faces
    ]
    number = round(time * 100)
    image = np.full((2, 2, 3), number % 256, np.uint8)
    return Predicted(Frame(source, image, number, time, lasts), rows or [Row("a.mp4", 0, time)])


def angers(items: Sequence[Item], track: int = 1) -> list[float]:
    rows = [row for one in items if isinstance(one, Predicted) for row in one.rows if row.track == track]
    return [row.probabilities["anger"] for row in rows]


def test_a_flicker_of_one_frame_is_smoothed_away_and_the_label_decided_again() -> None:
    values = [0.9] * 5 + [0.3] + [0.9] * 5
    found = list(smooth([frame_at(n / 10, (1, p)) for n, p in enumerate(values)], 0.3))
    assert [row.label for one in found if isinstance(one, Predicted) for row in one.rows] == ["anger"] * 11
    assert min(angers(found)) > 0.7
    assert angers(found)[0] == pytest.approx(0.9, abs=1e-6)


def test_the_smoothed_value_is_the_weighted_geometric_mean_at_the_frames_own_times() -> None:
    times, lasts, values = [0.0, 0.1, 0.4, 1.6], [0.1, 0.3, 1.2, 0.2], [0.9, 0.5, 0.2, 0.6]
    given = [frame_at(t, (1, p), lasts=d) for t, d, p in zip(times, lasts, values, strict=True)]
    weights = np.array(
        [d * np.exp(-((t - 0.1) ** 2) / (2 * 0.25**2)) for t, d in zip(times, lasts, strict=True)]
    )
    weights[3] = 0  # beyond 0.5 s
    logs = [weights @ np.log(side) / weights.sum() for side in (values, 1 - np.array(values))]
    expected = np.exp(logs[0]) / np.exp(logs).sum()
    assert angers(list(smooth(given, 0.5)))[1] == pytest.approx(expected, abs=1e-9)


def test_tracks_and_videos_do_not_mix() -> None:
    other = VideoSource(Path("b.mp4"), Path("b.mp4"))
    given = [frame_at(n / 10, (1, 0.9), (2, 0.1)) for n in range(4)]
    given += [frame_at(n / 10, (1, 0.2), source=other) for n in range(4)]
    found = list(smooth(given, 1))
    assert angers(found) == pytest.approx([0.9] * 4 + [0.2] * 4)
    assert angers(found, 2) == pytest.approx([0.1] * 4)


def test_order_images_and_rows_without_a_track_stay() -> None:
    still = Predicted(Frame(ImageSource(Path("i"), Path("i")), picture()), [Row("i", face=1)])
    given: list[Item] = [
        still,
        frame_at(0, (1, 0.5)),
        frame_at(0.1),
        Ignored("x"),
        frame_at(0.2),
        InputError("y", ""),
    ]
    given += [still, InputError("z", "")]
    found = list(smooth(given, 2))
    assert [type(one) for one in found] == [type(one) for one in given]
    for one, other in zip(found, given, strict=True):
        if isinstance(one, Predicted) and isinstance(other, Predicted):
            assert one.frame.time == other.frame.time
            np.testing.assert_array_equal(one.frame.image, other.frame.image)
    assert found[0] is still


def test_a_frame_waits_no_longer_than_the_kernel_reaches() -> None:
    seen: list[float] = []

    def stream() -> Iterator[Item]:
        for number in range(100):
            seen.append(number / 10)
            yield frame_at(number / 10, (1, 0.5))

    for one in smooth(stream(), 0.5):
        assert isinstance(one, Predicted)
        assert seen[-1] - (one.frame.time or 0) <= 0.61


def test_ctrl_c_gives_the_frames_that_wait() -> None:
    def stream() -> Iterator[Item]:
        yield from (frame_at(number / 10, (1, 0.5)) for number in range(3))
        raise KeyboardInterrupt

    found = smooth(stream(), 5)
    assert len([next(found) for _ in range(3)]) == 3
    with pytest.raises(KeyboardInterrupt):
        next(found)


def test_a_probability_of_zero_does_not_decide_alone() -> None:
    found = list(smooth([frame_at(n / 10, (1, 0.0 if n == 5 else 0.99)) for n in range(11)], 0.5))
    assert min(angers(found)) > 0.5


def test_images_beyond_the_limit_wait_in_a_file() -> None:
    spool = ImageSpool(room=3 * 2 * 2)
    images = [np.full((2, 2 + number % 2, 3), number, np.uint8) for number in range(9)]
    for _ in range(2):
        waiting = [spool.put(image) for image in images]
        for one, image in zip(waiting, images, strict=True):
            np.testing.assert_array_equal(one.take(), image)
    assert spool._file is not None
    assert 0 < spool._file.seek(0, 2) <= sum(image.nbytes for image in images)
    spool.close()


def test_the_threshold_counts_for_smoothed_values(model: Path, tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.avi", [picture((20 + n, 20)) for n in range(6)])
    plain, smoothed = (
        [
            one
            for one in Predictor(model, threshold=0.45).stream(video, smooth=s)
            if isinstance(one, Predicted)
        ]
        for s in (0, 1)
    )
    assert [one.frame.number for one in smoothed] == [one.frame.number for one in plain]
    for one in smoothed:
        (row,) = one.rows
        assert row.abstained == ((row.confidence or 0) < 0.45)
        assert sum(row.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("seconds", [-1, 11, float("nan"), "1", True])
def test_a_time_out_of_range_is_an_error(model: Path, seconds: float) -> None:
    with pytest.raises(RunError, match="smooth: expected seconds from 0 to 10"):
        list(Predictor(model).stream("none", smooth=seconds))
