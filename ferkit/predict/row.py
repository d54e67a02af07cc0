"""The result of a prediction: one row for each face."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LANDMARKS = ("eye_left", "eye_right", "nose", "mouth_left", "mouth_right")
"""Landmarks in order. Left and right are those of the image, not of the person."""
EDGES = ("x0", "y0", "x1", "y1")
BEFORE = ("file", "frame", "time", "face", "track", *EDGES, "face_score")
POINTS = tuple(f"{name}_{axis}" for name in LANDMARKS for axis in "xy")


@dataclass(frozen=True, slots=True)
class Row:
    """One face and its expression, or an image without a face.

    Without a face, `face` and all fields after it are empty.

    Attributes:
        file: File name, as you gave it.
        frame: Index of the video frame, from 0; None for an image.
        time: Time of the video frame, in seconds; None for an image.
        face: Number of the face in the image, from 1, in the detector's order; None without a face.
        track: Number of the tracked face in a video, from 1; None for an image.
        box: Bounding box (x0, y0, x1, y1) in pixels. It may extend beyond the image.
        face_score: The detector's score, 0..1.
        landmarks: 5 points (x, y) in pixels, in the order of `LANDMARKS`; None if the detector gives none.
        probabilities: Label name -> probability, 0..1. They add up to 1.
        label: The most probable label.
        abstained: True if the label's probability is below the threshold.

    Example:
        >>> row = Row("a.jpg", face=1, probabilities={"anger": 0.2, "happiness": 0.8}, label="happiness")
        >>> row.confidence
        0.8
    """

    file: str
    frame: int | None = None
    time: float | None = None
    face: int | None = None
    track: int | None = None
    box: tuple[float, float, float, float] | None = None
    face_score: float | None = None
    landmarks: tuple[tuple[float, float], ...] | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    label: str = ""
    abstained: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the row as a nested dictionary for JSON."""
        known: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        has_face = self.face is not None
        known["box"] = list(self.box) if self.box else None
        known["landmarks"] = [list(point) for point in self.landmarks] if self.landmarks else None
        known["probabilities"] = dict(self.probabilities) if has_face else None
        label = self.label if has_face else None
        return {**known, "label": label, "confidence": self.confidence}

    @property
    def confidence(self) -> float | None:
        """Probability of the label, 0..1; None without a face."""
        return self.probabilities.get(self.label)

    def as_record(self, labels: Sequence[str]) -> list[Any]:
        """Return the row as a flat list in the order of `columns(labels)`; None for empty fields."""
        points: Iterator[float | None]
        points = (axis for point in self.landmarks or ((None, None),) * len(LANDMARKS) for axis in point)
        return [
            self.file,
            self.frame,
            self.time,
            self.face,
            self.track,
            *(self.box or (None,) * len(EDGES)),
            self.face_score,
            *points,
            *(self.probabilities.get(label) for label in labels),
            self.label or None,
            self.confidence,
            self.abstained if self.face is not None else None,
        ]


def decide(labels: Sequence[str], probabilities: Sequence[float], threshold: float) -> dict[str, Any]:
    """Return the fields `probabilities`, `label` and `abstained` of a row."""
    surest = max(probabilities)
    return {
        "probabilities": dict(zip(labels, probabilities, strict=True)),
        "label": labels[probabilities.index(surest)],
        "abstained": surest < threshold,
    }


WHOLE_NUMBERS = ("frame", "face", "track")
TEXTS = ("file", "label")
TRUTHS = ("abstained",)
"""Columns by type. All other columns are floats."""


def columns(labels: Sequence[str]) -> list[str]:
    """Return the columns of a CSV or Parquet table.

    Columns of probabilities are named p_<label>: no label can clash with another column.
    """
    return [*BEFORE, *POINTS, *(f"p_{label}" for label in labels), "label", "confidence", "abstained"]
