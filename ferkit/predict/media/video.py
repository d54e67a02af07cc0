"""Read videos, animated images and cameras frame by frame."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from ferkit.data.images import as_rgb
from ferkit.messages import count_of
from ferkit.runtime.environment import temporary_variable

RATE = 25.0
"""Assumed frame rate of a source that reports none, in frames per second."""
MISSING = 0.02
"""Tolerated fraction of missing frames: a container's frame count may be an estimate."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """A frame of a video.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        number: Index of the frame, from 0. Dropped frames count.
        time: Time of the frame, in seconds.
        lasts: Time until the next processed frame, in seconds.
    """

    image: NDArray[np.uint8]
    number: int
    time: float
    lasts: float


def read_moving(path: Path, is_animation: bool, every: int) -> Iterator[VideoFrame | str]:
    """Yield every N-th frame. On an error, yield its reason and stop."""
    if not os.access(path, os.R_OK):
        yield "cannot read it: the file is missing or not readable"
    elif is_animation:
        yield from _read_animation(path, every)
    else:
        yield from _read_video(path, every)


def _read_animation(path: Path, every: int) -> Iterator[VideoFrame | str]:
    """Yield every N-th frame. It lasts until the next yielded frame."""
    shot, number, elapsed, problem = None, 0, 0.0, ""
    try:
        with Image.open(path) as image:
            for number, one in enumerate(ImageSequence.Iterator(image)):
                one.load()  # a WebP has its duration only after this
                lasts = (one.info.get("duration") or 1000 / RATE) / 1000
                if number % every == 0:
                    if shot:
                        yield shot
                    shot = VideoFrame(np.array(as_rgb(one.copy())), number, elapsed, 0.0)
                if shot:
                    shot = replace(shot, lasts=shot.lasts + lasts)
                elapsed += lasts
    except Exception as error:
        problem = f"cannot read beyond frame {number}: {error}"
    if shot:
        yield shot
    if problem:
        yield problem


def _read_video(path: Path, every: int) -> Iterator[VideoFrame | str]:
    video = _open(str(path))
    try:
        if not video.isOpened():
            yield "cannot open it as a video: broken, truncated, or a format that OpenCV does not support"
            return
        rate = _rate(video)
        counted = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        done, before = 0, -1.0
        while video.grab():
            if done % every == 0:
                is_good, image = video.retrieve()
                if not is_good:
                    break
                position = video.get(cv2.CAP_PROP_POS_MSEC) / 1000
                # Some containers have no times. Then the frame rate gives them.
                before = position if position > before or done == 0 else done / rate
                yield VideoFrame(_as_rgb(image), done, max(before, 0.0), every / rate)
            done += 1
        if done == 0:
            yield "it has no readable frame"
        elif counted - done > max(1, MISSING * counted):
            yield f"it ends after {done} of {counted} frames. The rest is missing or broken"
    finally:
        video.release()


def read_camera(index: int, every: int) -> Iterator[VideoFrame | str]:
    """Yield every N-th frame until the caller stops. Times count from the first frame."""
    camera = _open(index)
    try:
        if not camera.isOpened():
            yield "cannot open the camera: it is unplugged, or another program uses it"
            return
        rate, number, began = _rate(camera), 0, time.monotonic()
        while camera.grab():
            if number % every == 0:
                is_good, image = camera.retrieve()
                if not is_good:
                    break
                elapsed = time.monotonic() - began
                yield VideoFrame(_as_rgb(image), number, elapsed, every / rate)
            number += 1
        yield f"the camera stopped after {count_of(number, 'frame')}. Was it unplugged?"
    finally:
        camera.release()


def _as_rgb(image: MatLike) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _open(source: str | int) -> cv2.VideoCapture:
    """Open a source. Silences OpenCV and FFmpeg, because ferkit reports the errors itself."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    with temporary_variable("OPENCV_FFMPEG_LOGLEVEL", "-8"):  # read when FFmpeg opens its first video
        return cv2.VideoCapture(source)


def _rate(video: cv2.VideoCapture) -> float:
    rate = float(video.get(cv2.CAP_PROP_FPS))
    return rate if np.isfinite(rate) and 0 < rate < 1000 else RATE
