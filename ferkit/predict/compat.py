"""Rows in the shapes of two older tools, for programs that were written for these.

Read off deepface 0.0.103 (`deepface/modules/demography.py`, `detection.py`) and fer 25.10.3 (`fer/fer.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.predict.row import Row

NAMES: Mapping[str, str] = {
    "anger": "angry",
    "happiness": "happy",
    "sadness": "sad",
}
"""What both call a label otherwise than ferkit: disgust, fear, neutral and surprise are the same."""


def as_deepface(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What `DeepFace.analyze(image, actions=("emotion",))` gives for one picture: a dictionary for each face.

    emotion: percent, 0..100; dominant_emotion; region: x, y, w, h in whole pixels, inside no more than the
    box is, and left_eye, right_eye as (x, y), the person's own left and right, None where they are not known;
    face_confidence: 0..1, to two digits. No face is an empty list, where deepface raises ValueError or, with
    enforce_detection=False, takes the whole picture for one.
    """
    return [
        {
            "emotion": {_name(label): 100 * share for label, share in row.probabilities.items()},
            "dominant_emotion": _name(row.label),
            "region": {**dict(zip("xywh", _corner_and_size(row), strict=True)), **_eyes(row)},
            "face_confidence": round(row.face_score or 0.0, 2),
        }
        for row in rows
        if row.face is not None
    ]


def as_fer(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What `FER(mtcnn=True).detect_emotions(image)` gives: box [x, y, w, h] in whole pixels, and emotions,
    0..1, to two digits. No face is an empty list."""
    return [
        {
            "box": _corner_and_size(row),
            "emotions": {_name(label): round(share, 2) for label, share in row.probabilities.items()},
        }
        for row in rows
        if row.face is not None
    ]


def _name(label: str) -> str:
    return NAMES.get(label, label)


def _corner_and_size(row: Row) -> list[int]:
    assert row.box
    x0, y0, x1, y1 = (max(int(edge), 0) for edge in row.box)
    return [x0, y0, x1 - x0, y1 - y0]


def _eyes(row: Row) -> dict[str, tuple[int, int] | None]:
    """The person's left eye is the one on the image's right."""
    if row.landmarks is None:
        return {"left_eye": None, "right_eye": None}
    right, left = ((int(x), int(y)) for x, y in row.landmarks[:2])
    return {"left_eye": left, "right_eye": right}
