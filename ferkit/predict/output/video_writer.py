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
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ferkit.predict.media.frames import Frame
from ferkit.predict.media.sources import VideoSource
from ferkit.predict.output.sound import Sound

TICKS = 60_000
"""Units of time per second: frames keep their own times. MPEG-4 takes at most 65,535."""
CODECS = ("libx264", "mpeg4")
"""H.264, or MPEG-4 where this PyAV was built without it."""
OPTIONS = {"crf": "20", "bf": "0"}
"""Quality, and no B-frames: with them, the packet that is written last is not the last frame.

MP4 keeps the duration of the last packet only.
"""
FASTEST = 240.0
"""Maximum nominal frame rate, in frames per second. H.264 derives its level from it."""


class VideoCopy:
    """An MP4 file with the sound of the original. Its frames have the times of the original and an even size.

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
        self._next, self._end = 0, 0.0
        self._durations: dict[int, int] = {}
        try:
            self._container = av.open(str(self.part), "w", format="mp4")
            codec = next(name for name in CODECS if name in av.codecs_available)
            rate = round(min(max(1 / max(frame.lasts, 1e-3), 1), FASTEST))
            stream = self._container.add_stream(codec, rate=rate, options=OPTIONS)
            self._stream = cast(VideoStream, stream)
            self._stream.width, self._stream.height = self.size
            self._stream.pix_fmt = "yuv420p"
            self._stream.codec_context.time_base = Fraction(1, TICKS)
            self._sound = _sound_of(frame, self._container)
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
        self._durations[start] = max(round(frame.lasts * TICKS), 1)
        self._next, self._end = start + 1, (start + self._durations[start]) / TICKS
        self._mux(picture)
        if self._sound:
            self._sound.write_until(start / TICKS)

    def take_problems(self) -> list[str]:
        """Return why the sound ends early, once."""
        return self._sound.take_problems() if self._sound else []

    def finish(self) -> None:
        """Write what is left and close the file. Raises OSError."""
        self._mux(None)
        if self._sound:
            self._sound.write_until(self._end)
        try:
            self._container.close()
        except av.FFmpegError as error:
            raise OSError(error.strerror) from error

    def _mux(self, picture: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(picture):
                packet.duration = self._durations.pop(packet.pts or 0, packet.duration)
                self._container.mux(packet)
        except av.FFmpegError as error:
            raise OSError(error.strerror) from error


def _sound_of(frame: Frame, copy: OutputContainer) -> Sound | None:
    """Return the sound of a video file; None for animations, cameras and streams."""
    source = frame.source
    if isinstance(source, VideoSource) and not source.is_animation:
        return Sound(source.path, copy)
    return None
