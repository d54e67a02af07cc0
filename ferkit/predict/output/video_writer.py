"""Annotated copies of videos, animations and cameras, written frame by frame."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferkit.predict.media.frames import Frame


class VideoCopy:
    """An MPEG-4 file. All frames get the size of the first, made even for the codec, and its duration.

    first: its first frame; part: its path until it is complete. Raises OSError.
    """

    def __init__(self, frame: Frame, file: Path) -> None:
        self.first, self.file = frame, file
        self.part = file.with_name(f".part.{file.name}")
        height, width = frame.image.shape[:2]
        self.size = max(width // 2 * 2, 2), max(height // 2 * 2, 2)
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self.writer = cv2.VideoWriter(str(self.part), code, max(1 / frame.lasts, 0.1), self.size)
        if not self.writer.isOpened():
            self.part.unlink(missing_ok=True)
            raise OSError("OpenCV can't write MPEG-4 here")

    def write(self, image: NDArray[np.uint8]) -> None:
        """image: (H, W, 3) uint8 RGB."""
        if image.shape[1::-1] != self.size:
            image = np.asarray(cv2.resize(image, self.size), dtype=np.uint8)
        self.writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))

    def finish(self) -> None:
        self.writer.release()
