"""Animations obey the limit of pixels as images do."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ferkit.predict.media.video import read_moving


def test_an_animation_with_more_pixels_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [Image.new("RGB", (20, 10), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    monkeypatch.setenv("FERKIT_MAX_PIXELS", "199")
    (problem,) = read_moving(tmp_path / "two.gif", is_animation=True, every=1)
    assert "20 × 10 pixels" in str(problem)
    monkeypatch.setenv("FERKIT_MAX_PIXELS", "200")
    assert len(list(read_moving(tmp_path / "two.gif", is_animation=True, every=1))) == 2
