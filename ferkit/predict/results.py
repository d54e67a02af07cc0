"""The faces of images as lists, tables and detections of supervision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ferkit.predict.compat import as_supervision
from ferkit.predict.row import Row
from ferkit.predict.table import rows_to_pandas

if TYPE_CHECKING:
    import pandas as pd


class Faces(list[Row]):
    """The faces of an image: a list of `Row`, empty if the image has no face.

    Args:
        rows: One row for each face.
        file: Name of the image.
        labels: The model's labels, in order. Default: those of the rows.

    Attributes:
        file: Name of the image: its path, or "image N" for an array, PIL image or bytes.
        labels: The model's labels, in order.

    Example:
        >>> faces = ferkit.Predictor()("face.jpg")
        >>> faces[0].label
        'happiness'
    """

    def __init__(self, rows: Iterable[Row] = (), file: str = "", labels: Sequence[str] = ()) -> None:
        super().__init__(rows)
        self.file = file
        self.labels = tuple(labels) or tuple(self[0].probabilities if self else ())

    def to_pandas(self) -> pd.DataFrame:
        """Return a table with the columns of `ferkit predict`. An image without a face has one row.

        Raises:
            RunError: pandas is not installed.
        """
        return rows_to_pandas(self or [Row(self.file)], self.labels)

    def as_supervision(self) -> Any:
        """Return `supervision.Detections`, as `ferkit.predict.as_supervision`. Raises RunError."""
        return as_supervision(self)


class Results(list[Faces]):
    """The faces of several images: a list of `Faces`, in the order of the images.

    Args:
        images: One `Faces` for each image.
        labels: The model's labels, in order.

    Attributes:
        labels: The model's labels, in order.
    """

    def __init__(self, images: Iterable[Faces] = (), labels: Sequence[str] = ()) -> None:
        super().__init__(images)
        self.labels = tuple(labels)

    def to_pandas(self) -> pd.DataFrame:
        """Return one table of all images, with the columns of `ferkit predict`.

        An image without a face has one row, with missing values.

        Raises:
            RunError: pandas is not installed.
        """
        rows = [row for faces in self for row in (faces or [Row(faces.file)])]
        return rows_to_pandas(rows, self.labels)
