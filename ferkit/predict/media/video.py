"""Videos, animated pictures and cameras, frame by frame."""

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
from ferkit.runtime.environment import temporary_variable

RATE = 25.0
"""Frames a second of what does not say."""
MISSING = 0.02
"""Of the frames that a container counts; it may be an estimate."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """image: (H, W, 3) uint8 RGB; number: from 0, those that were left out counted; time, lasts: seconds."""

    image: NDArray[np.uint8]
    number: int
    time: float
    lasts: float


def read_moving(path: Path, is_animation: bool, every: int) -> Iterator[VideoFrame | str]:
    """The shots, and a sentence where something is wrong: then there are no more."""
    if not os.access(path, os.R_OK):
        yield "it can't be read: there is no such file, or it may not be read"
    elif is_animation:
        yield from _read_animation(path, every)
    else:
        yield from _read_video(path, every)


def _read_animation(path: Path, every: int) -> Iterator[VideoFrame | str]:
    """Each frame is shown for its own time, and for that of those after it that are left out."""
    shot, number, elapsed, problem = None, 0, 0.0, ""
    try:
        with Image.open(path) as image:
            for number, one in enumerate(ImageSequence.Iterator(image)):
                one.load()  # only then does a WebP say how long it lasts
                lasts = (one.info.get("duration") or 1000 / RATE) / 1000
                if number % every == 0:
                    if shot:
                        yield shot
                    shot = VideoFrame(np.array(as_rgb(one.copy())), number, elapsed, 0.0)
                if shot:
                    shot = replace(shot, lasts=shot.lasts + lasts)
                elapsed += lasts
    except Exception as error:
        problem = f"it can't be read beyond its frame {number}: {error}"
    if shot:
        yield shot
    if problem:
        yield problem


def _read_video(path: Path, every: int) -> Iterator[VideoFrame | str]:
    video = _open(str(path))
    try:
        if not video.isOpened():
            yield "it can't be opened as a video: it is broken, cut off, or of a kind that OpenCV can't read"
            return
        rate = _rate(video)
        counted = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
        done, before = 0, -1.0
        while video.grab():
            if done % every == 0:
                is_good, image = video.retrieve()
                if not is_good:
                    break
                told = video.get(cv2.CAP_PROP_POS_MSEC) / 1000
                # Some containers tell no times; frames then follow each other at the video's rate.
                before = told if told > before or done == 0 else done / rate
                yield VideoFrame(_as_rgb(image), done, max(before, 0.0), every / rate)
            done += 1
        if done == 0:
            yield "it has no frame that can be read"
        elif counted - done > max(1, MISSING * counted):
            yield f"it ends after {done} of {counted} frames: the rest is missing or broken"
    finally:
        video.release()


def read_camera(index: int, every: int) -> Iterator[VideoFrame | str]:
    """Until whoever asks stops asking; time: since the first frame."""
    camera = _open(index)
    try:
        if not camera.isOpened():
            yield "the camera can't be opened: it is unplugged, or another program uses it"
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
        yield f"the camera gave no more pictures after {number}: was it unplugged?"
    finally:
        camera.release()


def _as_rgb(image: MatLike) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _open(source: str | int) -> cv2.VideoCapture:
    """What can't be read is said by ferkit, once; OpenCV and FFmpeg would say it too, in their own words."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    with temporary_variable("OPENCV_FFMPEG_LOGLEVEL", "-8"):  # read when FFmpeg opens its first video
        return cv2.VideoCapture(source)


def _rate(video: cv2.VideoCapture) -> float:
    told = float(video.get(cv2.CAP_PROP_FPS))
    return told if np.isfinite(told) and 0 < told < 1000 else RATE
