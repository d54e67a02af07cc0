"""Annotated copies of videos, animations and cameras, written frame by frame."""

from __future__ import annotations

import os
import zlib
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ferkit.predict.media.frames import Frame

TICKS = 60_000
"""Units of time per second: frames keep their own times. MPEG-4 takes at most 65,535."""
CODECS = ("libx264", "mpeg4")
"""H.264, or MPEG-4 where this PyAV was built without it."""


class VideoCopy:
    """An MP4 file whose frames have the times of the original, and the size of its first frame made even.

    Attributes:
        first: The frame that the copy started with.
        part: Where the file is until it is complete.
    """

    def __init__(self, frame: Frame, file: Path) -> None:
        """Open the file. Raises OSError."""
        self.first, self.file = frame, file
        self.part = file.with_name(f".part.{zlib.crc32(os.fsencode(file.name)):08x}{file.suffix}")
        height, width = frame.image.shape[:2]
        self.size = max(width // 2 * 2, 2), max(height // 2 * 2, 2)
        self._next = 0
        try:
            self._container = av.open(str(self.part), "w", format="mp4")
            codec = next(name for name in CODECS if name in av.codecs_available)
            stream = self._container.add_stream(codec, rate=TICKS, options={"crf": "20"})
            self._stream = cast(VideoStream, stream)
            self._stream.width, self._stream.height = self.size
            self._stream.pix_fmt = "yuv420p"
            self._stream.codec_context.time_base = Fraction(1, TICKS)
        except (av.FFmpegError, ValueError) as error:  # ValueError: no such codec
            self.part.unlink(missing_ok=True)
            raise OSError(str(error)) from error

    def write(self, frame: Frame, image: NDArray[np.uint8]) -> None:
        """Add a frame's annotated image, (H, W, 3) uint8 RGB. Raises OSError."""
        if image.shape[1::-1] != self.size:
            image = np.asarray(cv2.resize(image, self.size), dtype=np.uint8)
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        start = max(round((frame.time or 0.0) * TICKS), self._next)
        picture.pts, picture.time_base = start, Fraction(1, TICKS)
        picture.duration = max(round(frame.lasts * TICKS), 1)
        self._next = start + 1
        self._mux(picture)

    def finish(self) -> None:
        """Write what is left and close the file. Raises OSError."""
        self._mux(None)
        self._container.close()

    def _mux(self, picture: av.VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(picture))
        except av.FFmpegError as error:
            raise OSError(error.strerror) from error
