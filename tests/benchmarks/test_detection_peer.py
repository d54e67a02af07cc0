"""The benchmark against facenet-pytorch runs, and counts faces rightly. No time is judged."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ferkit.plugin import Detections

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "detection_peer.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT), run_name="detection_peer")


def found(*boxes: tuple[float, float, float, float], score: float = 0.9) -> Detections:
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(count, 4),
        np.full(count, score, np.float32),
        np.zeros((count, 5, 2), np.float32),
    )


def test_a_short_run_writes_its_figures_and_the_faces_are_the_same(
    script: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        Image.fromarray(script["compose"](number)).resize((360, 288)).save(tmp_path / f"{number}.png")
    arguments = ["--images", str(tmp_path), "--limit", "2", "--json", str(tmp_path / "figures.json")]
    monkeypatch.setattr(sys, "argv", ["detection_peer.py", *arguments])
    script["main"]()
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["photographs"] == 2
    assert figures["their_faces"] == figures["our_faces"] >= 2
    assert (figures["lost"], figures["gained"], figures["same_box_share"]) == (0, 0, 1)
    low, high = figures["ratio_interval"]
    assert low <= figures["ratio"] <= high


def test_composed_pictures_have_sfews_size_and_are_the_same_every_time(script: dict[str, Any]) -> None:
    first, again, other = (script["compose"](number) for number in (3, 3, 4))
    assert first.shape == (576, 720, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_faces_lost_gained_and_moved_are_counted(script: dict[str, Any]) -> None:
    theirs = found((0, 0, 100, 100), (200, 0, 300, 100), (400, 0, 500, 100))
    ours = found((201, 0, 301, 100), (10, 0, 110, 100), (600, 0, 700, 100), score=0.8)
    counted = script["agreement"]([script["Turn"](theirs, ours, 1.0, 1.0)])
    assert (counted["lost"], counted["gained"], counted["same_box_share"]) == (1, 1, 0.5)
    assert counted["largest_score_difference"] == pytest.approx(0.1)


def test_where_neither_finds_a_face_none_is_lost(script: dict[str, Any]) -> None:
    counted = script["agreement"]([script["Turn"](found(), found(), 1.0, 1.0)])
    assert (counted["lost"], counted["gained"], counted["their_photographs_with_a_face"]) == (0, 0, 0)


def test_the_ratio_is_the_median_over_photographs(script: dict[str, Any]) -> None:
    turns = [script["Turn"](found(), found(), theirs, 1.0) for theirs in (2.0, 3.0, 10.0)]
    assert script["speed"](turns)["ratio"] == 3


def test_a_folder_without_photographs_is_named(script: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no photograph"):
        script["read_photographs"](tmp_path, None)
