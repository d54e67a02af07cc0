"""Hand-crafted features of faces, cached by pixels and descriptor."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ferkit.components.component import identify_class
from ferkit.errors import DataError
from ferkit.runtime.disk_cache import DiskCache

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ferkit.interfaces import Descriptor, Face


def describe_faces(
    faces: Sequence[Face], descriptors: Sequence[Descriptor], image_size: int
) -> list[NDArray[np.float64]]:
    """Compute features of faces, or read them from the cache.

    Faces are converted to grey (ITU-R 601) and resized to squares.

    Args:
        faces: N faces.
        descriptors: The descriptors.
        image_size: Width and height of the squares, in pixels.

    Returns:
        An (N, D) float64 array for each descriptor.

    Raises:
        DataError: A descriptor rejects an image, or returns numbers that are not finite or of another length
            than for other faces. The message names the image.
    """
    import numpy as np

    images = [_grey_square(face, image_size) for face in faces]
    found = []
    for descriptor in descriptors:
        kept = _Kept(f"{descriptor.signature} {identify_class(type(descriptor))} {image_size}")
        rows: list[Any] = []
        for face, image in zip(faces, images, strict=True):
            row = kept.get(image)
            if row is None:
                row = _describe(descriptor, image, face)
                _check(row, rows, face, descriptor)
                kept.put(image, row)
            rows.append(row)
        found.append(np.stack(rows) if rows else np.empty((0, 0)))
    return found


def _describe(descriptor: Descriptor, image: NDArray[np.uint8], face: Face) -> NDArray[np.float64]:
    """Call the descriptor. Raises DataError with the name of the image if the descriptor rejects it."""
    import numpy as np

    try:
        return np.asarray(descriptor(image.astype(np.float64)), dtype=np.float64)
    except ValueError as error:
        raise DataError(
            f"{face.sample.path} can't be described by {descriptor.signature!r}: {error}"
        ) from error


def _grey_square(face: Face, side: int) -> NDArray[np.uint8]:
    """Convert to (side, side) grey, resampled by area if it shrinks."""
    import cv2
    import numpy as np

    grey = cv2.cvtColor(face.image, cv2.COLOR_RGB2GRAY)
    how = cv2.INTER_AREA if min(grey.shape) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (side, side), interpolation=how), dtype=np.uint8)


def _check(
    row: NDArray[np.float64], others: Sequence[NDArray[np.float64]], face: Face, descriptor: Descriptor
) -> None:
    import numpy as np

    what = f"{face.sample.path}: the descriptor {descriptor.signature!r} returned"
    length = len(others[0]) if others else row.size
    if row.shape != (length,):
        raise DataError(f"{what} an array of shape {row.shape}; expected ({length},), as for other faces")
    if bad := int((~np.isfinite(row)).sum()):
        raise DataError(
            f"{what} {bad} of {length} numbers that are not finite. Remove the image, or "
            "change the options of the descriptor."
        )


class _Kept:
    """Features on disk. Unreadable ones are computed again."""

    def __init__(self, signature: str) -> None:
        self.cache = DiskCache("descriptors", signature, ".npy")

    def get(self, image: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        import numpy as np

        try:
            row: NDArray[np.float64] = np.load(BytesIO(self.cache.get(_digest(image)) or b""))
        except (ValueError, EOFError):
            return None
        return row

    def put(self, image: NDArray[np.uint8], row: NDArray[np.float64]) -> None:
        import numpy as np

        buffer = BytesIO()
        np.save(buffer, row)
        self.cache.put(_digest(image), buffer.getvalue())


def _digest(image: NDArray[np.uint8]) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()
