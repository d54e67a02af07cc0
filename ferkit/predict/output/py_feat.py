"""A CSV table with the columns of py-feat's `Fex`, for scripts written for py-feat.

Source: py-feat 0.6.0 (`feat/utils/__init__.py`, `feat/detector.py`).
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import IO, Any

from ferkit.predict.output.tables import shorten_number
from ferkit.predict.row import Row
from ferkit.runtime.escape import csv_row

BOX = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore")
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
PLACE = ("input", "frame", "approx_time")


class PyFeatTable:
    """The box, the emotions and the place of each face. Other labels of the model follow the emotions.

    Of py-feat's columns, it has no landmarks, poses, action units and identities. An image without a face
    has one row with its place.
    """

    def __init__(self, file: IO[str], labels: Sequence[str]) -> None:
        self.labels = [*EMOTIONS, *(label for label in labels if label not in EMOTIONS)]
        self.table = csv.writer(file, lineterminator="\n")
        self.table.writerow(csv_row([*BOX, *self.labels, *PLACE]))

    def row(self, row: Row) -> None:
        probabilities = [row.probabilities.get(label) for label in self.labels]
        values = csv_row([*_box(row), *probabilities, row.file, row.frame or 0, _time(row.time)])
        self.table.writerow([shorten_number(one) if isinstance(one, float) else one for one in values])


def _box(row: Row) -> list[Any]:
    if not row.box:
        return [None] * len(BOX)
    x0, y0, x1, y1 = row.box
    return [x0, y0, x1 - x0, y1 - y0, row.face_score]


def _time(seconds: float | None) -> str | None:
    """Return minutes and seconds, as py-feat writes them: 01:05."""
    return None if seconds is None else f"{int(seconds // 60):02d}:{int(seconds % 60):02d}"
