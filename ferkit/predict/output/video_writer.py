"""Annotated copies of what moves, made frame by frame beside their places."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import AppendingTiffWriter

from ferkit.predict.media.frames import Frame
from ferkit.predict.media.sources import VideoSource


class MovingCopy(Protocol):
    """first: the frame that it was begun with; part: where it is until it is whole."""

    first: Frame
    file: Path
    part: Path

    def write(self, image: NDArray[np.uint8], lasts: float) -> None:
        """image: (H, W, 3) uint8 RGB; lasts: seconds. Raises OSError."""

    def finish(self) -> None:
        """Make the part a file that can be shown. Raises OSError."""


def begin_copy(frame: Frame, file: Path) -> MovingCopy:
    """Of an animation one of its own kind, of a video and a camera MPEG-4. Raises OSError."""
    part = file.with_name(f".part.{file.name}")
    is_animation = isinstance(frame.source, VideoSource) and frame.source.is_animation
    return AnimationCopy(frame, file, part) if is_animation else VideoCopy(frame, file, part)


class VideoCopy:
    """All frames get the size of the first, made even, which codecs want, and last as long as the first."""

    def __init__(self, frame: Frame, file: Path, part: Path) -> None:
        self.first, self.file, self.part = frame, file, part
        height, width = frame.image.shape[:2]
        self.size = max(width // 2 * 2, 2), max(height // 2 * 2, 2)
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self.writer = cv2.VideoWriter(str(part), code, max(1 / frame.lasts, 0.1), self.size)
        if not self.writer.isOpened():
            part.unlink(missing_ok=True)
            raise OSError("OpenCV can't write MPEG-4 here")

    def write(self, image: NDArray[np.uint8], lasts: float) -> None:
        if image.shape[1::-1] != self.size:
            image = np.asarray(cv2.resize(image, self.size), dtype=np.uint8)
        self.writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))

    def finish(self) -> None:
        self.writer.release()


class AnimationCopy:
    """GIF, WebP or PNG as the original, repeated as often; each frame lasts as long as there.

    The frames wait in a TIFF beside the copy: Pillow writes an animation in one go, from one file.
    """

    def __init__(self, frame: Frame, file: Path, part: Path) -> None:
        self.first, self.file, self.part = frame, file, part
        with Image.open(frame.file) as original:
            self.form = original.format
            self.repeated = {"loop": original.info["loop"]} if "loop" in original.info else {}
        self.durations: list[int] = []
        self.waiting = file.with_name(f".part.{file.name}.tiff")
        self.frames = AppendingTiffWriter(str(self.waiting), new=True)

    def write(self, image: NDArray[np.uint8], lasts: float) -> None:
        picture = Image.fromarray(image)
        try:
            shown = _in_256_colours(picture) if self.form == "GIF" else picture
            shown.save(self.frames, format="TIFF", compression="tiff_lzw")
            self.frames.newFrame()
        except Exception as error:
            self._remove_waiting()
            raise OSError(f"{self.waiting}: {error}") from error
        self.durations.append(round(1000 * lasts))

    def finish(self) -> None:
        try:
            self.frames.close()
            with Image.open(self.waiting) as frames:
                times = {"duration": self.durations, **self.repeated}
                frames.save(self.part, format=self.form, save_all=True, quality=92, **times)
        except Exception as error:
            self.part.unlink(missing_ok=True)
            raise OSError(f"as {self.form}: {error}") from error
        finally:
            self._remove_waiting()

    def _remove_waiting(self) -> None:
        with contextlib.suppress(Exception):
            self.frames.close()
        self.waiting.unlink(missing_ok=True)


def _in_256_colours(picture: Image.Image) -> Image.Image:
    """As they are where they are no more; else by an octree, far quicker than what Pillow does by itself."""
    if picture.getcolors(256):
        return picture.convert("P", palette=Image.Palette.ADAPTIVE)
    return picture.quantize(256, Image.Quantize.FASTOCTREE)
