"""Keep images that wait: in memory up to a limit, and in a temporary file beyond it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import numpy as np
from numpy.typing import NDArray

ROOM = 256e6
"""Maximum size of the images in memory, in bytes."""
Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Spooled:
    """An image that waits.

    Attributes:
        take: Returns the image, (H, W, 3) uint8. Call it once.
        blank: An image of 0 pixels, as a placeholder.
    """

    take: Callable[[], Image]
    blank: Image


class ImageSpool:
    """A place for images that wait."""

    def __init__(self, room: float = ROOM) -> None:
        self._room = room
        self._held = 0
        self._file: IO[bytes] | None = None
        self._free: dict[int, list[int]] = {}
        self._end = 0

    def put(self, image: Image) -> Spooled:
        """Keep an image, (H, W, 3) uint8. Raises OSError if the temporary file cannot be written."""
        blank = np.zeros((0, 0, 3), np.uint8)
        if self._held + image.nbytes <= self._room:
            self._held += image.nbytes
            return Spooled(lambda: self._from_memory(image), blank)
        file = self._file = self._file or TemporaryFile(prefix="ferkit-")  # noqa: SIM115
        size, shape = image.nbytes, image.shape
        free = self._free.setdefault(size, [])
        place = free.pop() if free else self._end
        self._end = max(self._end, place + size)
        file.seek(place)
        file.write(np.ascontiguousarray(image).data)
        return Spooled(lambda: self._from_file(file, place, shape), blank)

    def close(self) -> None:
        """Delete the file."""
        if self._file:
            self._file.close()

    def _from_memory(self, image: Image) -> Image:
        self._held -= image.nbytes
        return image

    def _from_file(self, file: IO[bytes], place: int, shape: tuple[int, ...]) -> Image:
        size = int(np.prod(shape))
        file.seek(place)
        content = bytearray(file.read(size))
        self._free[size].append(place)
        return np.frombuffer(content, np.uint8).reshape(shape)
