"""Make the rows of an image from its faces and their probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferkit.interfaces import Detections
from ferkit.predict.media.frames import Frame
from ferkit.predict.row import Row


def make_rows(
    frame: Frame,
    found: Detections,
    probabilities: NDArray[np.float64],
    tracks: Sequence[int | None],
    labels: Sequence[str],
    threshold: float,
) -> list[Row]:
    """Return one row for each face; one row without a face if there is none.

    Args:
        frame: The image or video frame.
        found: Its faces.
        probabilities: (faces, labels).
        tracks: The track of each face; None for an image.
        labels: The labels, in the order of the probabilities.
        threshold: Rows with a lower confidence are marked as abstained.
    """
    if not len(found.boxes):
        return [Row(frame.file, frame.number, frame.time)]
    rows = []
    for number, (box, row) in enumerate(zip(found.boxes.tolist(), probabilities.tolist(), strict=True)):
        surest = max(row)
        rows.append(
            Row(
                file=frame.file,
                frame=frame.number,
                time=frame.time,
                face=number + 1,
                track=tracks[number],
                box=tuple(box),
                face_score=float(found.scores[number]),
                landmarks=_points(found.landmarks[number]),
                probabilities=dict(zip(labels, row, strict=True)),
                label=labels[row.index(surest)],
                abstained=surest < threshold,
            )
        )
    return rows


def _points(landmarks: NDArray[np.float32]) -> tuple[tuple[float, float], ...] | None:
    is_known = bool(np.isfinite(landmarks).all())
    return tuple((x, y) for x, y in landmarks.tolist()) if is_known else None
