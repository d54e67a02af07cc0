"""Convert rows to the result formats of deepface, fer and supervision.

Sources: deepface 0.0.103 (`deepface/modules/demography.py`, `detection.py`), fer 25.10.3 (`fer/fer.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferkit.errors import RunError
from ferkit.predict.row import LANDMARKS, Row

NAMES: Mapping[str, str] = {
    "anger": "angry",
    "happiness": "happy",
    "sadness": "sad",
}
"""Labels that both tools name differently. disgust, fear, neutral and surprise are the same."""


def as_deepface(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Convert the rows of one image to the result of `DeepFace.analyze(image, actions=("emotion",))`.

    Without a face the list is empty. deepface raises ValueError, or uses the whole image if
    enforce_detection=False.

    Args:
        rows: The rows of one image.

    Returns:
        A dictionary for each face, with these keys:
        emotion: label -> percent, 0..100.
        dominant_emotion: the most probable label.
        region: x, y, w, h in whole pixels, not clipped to the image. left_eye and right_eye are (x, y), as
        seen by the person, or None if unknown.
        face_confidence: the detector's score, 0..1, with two decimals.

    Example:
        >>> as_deepface([])
        []
    """
    return [
        {
            "emotion": {_name(label): 100 * value for label, value in row.probabilities.items()},
            "dominant_emotion": _name(row.label),
            "region": {**dict(zip("xywh", _corner_and_size(row), strict=True)), **_eyes(row)},
            "face_confidence": round(row.face_score or 0.0, 2),
        }
        for row in rows
        if row.face is not None
    ]


def as_fer(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Convert the rows of one image to the result of `FER(mtcnn=True).detect_emotions(image)`.

    Args:
        rows: The rows of one image.

    Returns:
        A dictionary for each face: box is [x, y, w, h] in whole pixels, and emotions maps each label to a
        probability, 0..1, with two decimals. Without a face the list is empty.

    Example:
        >>> as_fer([])
        []
    """
    return [
        {
            "box": _corner_and_size(row),
            "emotions": {_name(label): round(value, 2) for label, value in row.probabilities.items()},
        }
        for row in rows
        if row.face is not None
    ]


def as_supervision(rows: Sequence[Row]) -> Any:
    """Convert the rows of one image or video frame to `supervision.Detections`.

    Args:
        rows: The rows of one image or frame. Rows without a face are left out.

    Returns:
        Detections of N faces with these attributes:
        xyxy: (N, 4) boxes, in pixels.
        confidence: (N,) probability of the label, 0..1.
        class_id: (N,) index of the label among the model's labels.
        tracker_id: (N,) track in a video; None for an image.
        data["class_name"]: (N,) labels.
        data["probabilities"]: (N, labels), 0..1.
        data["face_score"]: (N,) score of the detector, 0..1.
        data["abstained"]: (N,) True if the confidence is below the threshold.
        data["keypoints"]: (N, 5, 2) landmarks in pixels, NaN if unknown.

    Raises:
        RunError: supervision is not installed.
    """
    import numpy as np

    try:
        from supervision import Detections
    except ImportError as error:
        raise RunError(
            'Cannot convert to supervision: it is not installed. Run: pip install "ferkit[supervision]".'
        ) from error
    faces = [row for row in rows if row.face is not None]
    count, unknown = len(faces), ((np.nan, np.nan),) * len(LANDMARKS)
    labels = list(faces[0].probabilities) if faces else []
    tracks = [row.track for row in faces]
    boxes = np.array([row.box for row in faces], np.float32).reshape(count, 4)
    points = np.array([row.landmarks or unknown for row in faces], np.float32)
    return Detections(
        xyxy=boxes,
        confidence=np.array([row.confidence for row in faces], np.float32),
        class_id=np.array([labels.index(row.label) for row in faces], int),
        tracker_id=np.array(tracks, int) if faces and None not in tracks else None,
        data={
            "class_name": np.array([row.label for row in faces], dtype=str),
            "probabilities": np.array([list(row.probabilities.values()) for row in faces]).reshape(
                count, len(labels)
            ),
            "face_score": np.array([row.face_score for row in faces], np.float32),
            "abstained": np.array([row.abstained for row in faces], bool),
            "keypoints": points.reshape(count, len(LANDMARKS), 2),
        },
    )


def _name(label: str) -> str:
    return NAMES.get(label, label)


def _corner_and_size(row: Row) -> list[int]:
    assert row.box
    x0, y0, x1, y1 = (max(int(edge), 0) for edge in row.box)
    return [x0, y0, x1 - x0, y1 - y0]


def _eyes(row: Row) -> dict[str, tuple[int, int] | None]:
    """Return the eyes as the person sees them: the left eye is on the right of the image."""
    if row.landmarks is None:
        return {"left_eye": None, "right_eye": None}
    right, left = ((int(x), int(y)) for x, y in row.landmarks[:2])
    return {"left_eye": left, "right_eye": right}
