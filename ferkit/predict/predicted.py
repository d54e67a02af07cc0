"""An image or video frame with its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferkit.interfaces import Detections
from ferkit.predict.media.frames import Frame
from ferkit.predict.results import Faces
from ferkit.predict.row import Row, decide


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """An image or video frame with its rows.

    Attributes:
        frame: The image and where it comes from.
        rows: One row for each face; one row without a face if there is none.
    """

    frame: Frame
    rows: Sequence[Row]

    def faces(self, labels: Sequence[str] = ()) -> Faces:
        """Return the rows with a face; `labels` are those of the model."""
        return Faces((row for row in self.rows if row.face is not None), self.frame.file, labels)


def rows_of(
    frame: Frame,
    found: Detections,
    probabilities: NDArray[np.float64],
    tracks: Sequence[int | None],
    labels: Sequence[str],
    threshold: float,
) -> list[Row]:
    """Return one row for each face of a frame, or one row without a face.

    Args:
        frame: The frame.
        found: Its faces.
        probabilities: (faces, labels), 0..1.
        tracks: The track of each face.
        labels: The model's labels, in order.
        threshold: Confidence, 0..1, below which a row is marked as abstained.
    """
    if not len(found.boxes):
        return [Row(frame.file, frame.number, frame.time)]
    return [
        Row(
            file=frame.file,
            frame=frame.number,
            time=frame.time,
            face=number + 1,
            track=tracks[number],
            box=tuple(box),
            face_score=float(found.scores[number]),
            landmarks=_points(found.landmarks[number]),
            **decide(labels, shares, threshold),
        )
        for number, (box, shares) in enumerate(zip(found.boxes.tolist(), probabilities.tolist(), strict=True))
    ]


def _points(landmarks: NDArray[np.float32]) -> tuple[tuple[float, float], ...] | None:
    is_known = bool(np.isfinite(landmarks).all())
    return tuple((x, y) for x, y in landmarks.tolist()) if is_known else None
