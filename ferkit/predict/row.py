"""What is found, one row for each face."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LANDMARKS = ("eye_left", "eye_right", "nose", "mouth_left", "mouth_right")
"""Left and right as in the image."""
EDGES = ("x0", "y0", "x1", "y1")
BEFORE = ("file", "frame", "time", "face", "track", *EDGES, "face_score")
POINTS = tuple(f"{name}_{axis}" for name in LANDMARKS for axis in "xy")


@dataclass(frozen=True, slots=True)
class Row:
    """One face; or a picture in which none was found: then face is None, and so is all that belongs to it.

    file: as it was given; frame, time: of a video's frame, from 0 and in seconds, else None; face: from 1, in
    the detector's order; track: from 1, the same through a video for what is taken for the same face, else
    None; box: x0 y0 x1 y1 in pixels, and may reach beyond the picture; face_score: the detector's, 0..1;
    landmarks: 5 of (x, y) in pixels, in the order of `LANDMARKS`, None of a detector that looks for none;
    probabilities: 0..1 for each label name, adding up to 1; label: the most probable; abstained: whether its
    probability is below the threshold.
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
        """Nested, as JSON has it."""
        known: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        has_face = self.face is not None
        known["box"] = list(self.box) if self.box else None
        known["landmarks"] = [list(point) for point in self.landmarks] if self.landmarks else None
        known["probabilities"] = dict(self.probabilities) if has_face else None
        label = self.label if has_face else None
        return {**known, "label": label, "confidence": self.confidence}

    @property
    def confidence(self) -> float | None:
        """The probability of the label; None without a face."""
        return self.probabilities.get(self.label)

    def as_record(self, labels: Sequence[str]) -> list[Any]:
        """Flat, in the order of `columns(labels)`; None where there is nothing."""
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


WHOLE_NUMBERS = ("frame", "face", "track")
TEXTS = ("file", "label")
TRUTHS = ("abstained",)
"""Columns by their type; all others are floats."""


def columns(labels: Sequence[str]) -> list[str]:
    """Of CSV and Parquet. A probability's is p_<label>, so that no label can take another column's name."""
    return [*BEFORE, *POINTS, *(f"p_{label}" for label in labels), "label", "confidence", "abstained"]
