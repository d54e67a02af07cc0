"""Rows as deepface and fer give them."""

from __future__ import annotations

import pytest

from ferkit.predict import Row, as_deepface, as_fer

ROW = Row(
    "a.png",
    face=1,
    box=(10.7, 20.2, 50.9, 80.1),
    face_score=0.98765,
    landmarks=((20, 40), (40, 41), (30, 55), (22, 70), (38, 70)),
    probabilities={"anger": 0.125, "happiness": 0.625, "contempt": 0.25},
    label="happiness",
)
BARE = Row("a.png", face=2, box=(0, 0, 5, 5), probabilities={"neutral": 1.0}, label="neutral")


def test_deepfaces_shape() -> None:
    """Its analyze with actions=("emotion",): percent, its own names, a region with the person's own eyes."""
    (face,) = as_deepface([ROW])
    assert face == {
        "emotion": {"angry": 12.5, "happy": 62.5, "contempt": 25.0},
        "dominant_emotion": "happy",
        "region": {"x": 10, "y": 20, "w": 40, "h": 60, "left_eye": (40, 41), "right_eye": (20, 40)},
        "face_confidence": 0.99,
    }


def test_fers_shape() -> None:
    (face,) = as_fer([ROW])
    assert face == {"box": [10, 20, 40, 60], "emotions": {"angry": 0.12, "happy": 0.62, "contempt": 0.25}}


def test_a_face_without_landmarks_and_score() -> None:
    (face,) = as_deepface([BARE])
    assert (face["region"]["left_eye"], face["region"]["right_eye"]) == (None, None)
    assert face["face_confidence"] == 0


@pytest.mark.parametrize("adapt", [as_deepface, as_fer])
def test_a_picture_without_a_face_is_an_empty_list(adapt: object) -> None:
    assert adapt([Row("a.png")]) == []  # type: ignore[operator]


def test_a_box_that_reaches_beyond_the_image_is_clipped() -> None:
    row = Row("a.png", face=1, box=(-34.2, -6.9, 50, 80), probabilities={"neutral": 1.0}, label="neutral")
    assert as_fer([row])[0]["box"] == [0, 0, 50, 80]
    region = as_deepface([row])[0]["region"]
    assert [region[name] for name in "xywh"] == [0, 0, 50, 80]
