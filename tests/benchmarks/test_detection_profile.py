"""The profile of detection runs, and its steps add up to the whole. No time is judged."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from benchmarks import detection_profile
from benchmarks.detection_profile import OTHER, STEPS, Clock, always, profile
from ferkit.bench.record import read_record


@pytest.mark.slow
def test_both_detectors_pass_through_every_step(tmp_path: Path) -> None:
    Image.fromarray(astronaut()).save(tmp_path / "astronaut.png")
    file = tmp_path / "figures.json"
    detection_profile.main(["--images", str(tmp_path), "--out", str(file)])
    record = read_record(file)
    assert [one.case["step"] for one in record.measurements] == [*STEPS, *STEPS]
    assert all(one.median > 1e-6 for one in record.measurements)
    assert set(record.facts) == {"facenet-pytorch, ms of an image", "ferkit mtcnn, ms of an image"}


def test_steps_and_the_rest_make_up_the_call() -> None:
    clock = Clock()
    wait = clock.timed(always("a"), lambda image: time.sleep(0.02))
    steps = profile(lambda image: (wait(image), time.sleep(0.01)), clock, np.zeros(1))
    assert steps["a"] >= 0.02
    assert steps[OTHER] >= 0.01
    assert set(steps) == {"a", OTHER}


def test_a_step_inside_another_counts_for_the_outer_one() -> None:
    clock = Clock()
    inner = clock.timed(always("inner"), lambda: 3)
    outer = clock.timed(always("outer"), inner)
    assert outer() == 3
    assert list(clock.seconds) == ["outer"]


def test_a_step_that_fails_does_not_stop_the_clock() -> None:
    clock = Clock()
    with pytest.raises(ZeroDivisionError):
        clock.timed(always("a"), lambda: 1 / 0)()
    clock.timed(always("b"), lambda: None)()
    assert list(clock.seconds) == ["a", "b"]
