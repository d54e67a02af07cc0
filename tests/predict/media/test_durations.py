"""Durations of live frames: the time until the next one, whatever rate the camera reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ferkit.predict import Predicted, Row, summarise
from ferkit.predict.media.durations import LiveDurations
from ferkit.predict.media.frames import Frame
from ferkit.predict.media.sources import Camera, VideoSource
from ferkit.predict.smoothing import smooth

NOMINAL = 1 / 30
TIMES = (0.0, 0.5, 1.5, 1.75)
LASTS = (0.5, 1.0, 0.25, 0.5)
"""The last frame gets the median of the others."""


def seen(time: float, camera: Camera, label: str = "joy", joy: float = 0.9) -> Predicted:
    image = np.zeros((4, 4, 3), np.uint8)
    values = {"joy": joy, "anger": 1 - joy}
    row = Row("camera-0", 0, time, 1, 1, probabilities=values, label=label)
    return Predicted(Frame(camera, image, round(time * 100), time, NOMINAL, is_live=True), [row])


def test_each_live_frame_lasts_until_the_next_and_the_last_for_the_median() -> None:
    durations, found, camera = LiveDurations(), [], Camera(0)
    for time in TIMES:
        durations.add(seen(time, camera).frame, found.append)
    assert found == pytest.approx(LASTS[:3])
    durations.finish()
    durations.finish()
    assert found == pytest.approx(LASTS)


def test_sources_are_apart_and_a_single_frame_keeps_its_nominal_duration() -> None:
    durations, found = LiveDurations(), []
    durations.add(seen(9.0, Camera(0)).frame, found.append)
    durations.add(seen(0.0, Camera(1)).frame, found.append)
    durations.finish()
    assert found == pytest.approx([NOMINAL, NOMINAL])


def test_frames_of_files_keep_their_duration_at_once() -> None:
    durations, found = LiveDurations(), []
    source = VideoSource(Path("a.mp4"), Path("a.mp4"))
    for time in (0.0, 5.0):
        durations.add(Frame(source, np.zeros((4, 4, 3), np.uint8), 0, time, 0.04), found.append)
    assert found == pytest.approx([0.04, 0.04])


def test_the_summary_of_a_slow_camera_counts_the_time_that_passed() -> None:
    camera = Camera(0)
    labels = ("joy", "anger", "anger", "joy")
    (video,) = summarise(
        [seen(time, camera, label) for time, label in zip(TIMES, labels, strict=True)]
    ).videos
    (track,) = video.tracks
    assert (video.frames, video.seconds, track.last) == (4, pytest.approx(2.25), pytest.approx(2.25))
    assert {one.expression: one.seconds for one in track.expressions} == pytest.approx(
        {"joy": 1.0, "anger": 1.25}
    )
    assert [(one.expression, one.onset, one.offset) for one in track.episodes] == [
        ("joy", 0.0, pytest.approx(0.5)),
        ("anger", pytest.approx(0.5), pytest.approx(1.75)),
        ("joy", pytest.approx(1.75), pytest.approx(2.25)),
    ]


def test_smoothing_weighs_the_frames_of_a_camera_by_the_time_that_passed() -> None:
    camera, values = Camera(0), [0.9, 0.2, 0.6, 0.7]
    given = [seen(time, camera, joy=joy) for time, joy in zip(TIMES, values, strict=True)]
    found = [row.probabilities["joy"] for one in smooth(given, 10) for row in one.rows]  # type: ignore[union-attr]
    offsets = (np.array(TIMES) - TIMES[0]) / 5
    weights = np.exp(-(offsets**2) / 2) * np.array(LASTS)
    joy, anger = (np.exp(weights @ np.log(side) / weights.sum()) for side in (values, 1 - np.array(values)))
    assert found[0] == pytest.approx(joy / (joy + anger), abs=1e-9)
