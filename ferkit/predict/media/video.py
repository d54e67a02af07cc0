"""Videos, animated images, streams and cameras, frame by frame."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from ferkit.data.images import MOST_PIXELS, as_rgb, check_size
from ferkit.messages import count_of
from ferkit.runtime.file_kinds import describe_special

if TYPE_CHECKING:  # images do without PyAV
    from av.container import InputContainer
    from av.video.frame import VideoFrame as Picture
    from av.video.stream import VideoStream

RATE = 25.0
"""Assumed frame rate of a source that reports none, in frames per second."""
PATIENCE = 10.0
"""Seconds to wait for a stream to open, and for its next data."""
MISSING = 0.02
"""Fraction of a container's frames or duration that may be missing: both are estimates."""


FORMATS = (
    "3g2 3gp amv asf av1 avi dirac dnxhd dv evc flv gif gxf h261 h263 h264 hevc ivf m4v matroska mj2 mjpeg "
    "mov mp4 mpeg mpegts mpegvideo mpjpeg mxf nsv nut obu ogg rm swf vc1 vvc webm wtv yuv4mpegpipe"
)
"""Formats of files. Others, such as playlists, may name more files, addresses or devices."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """A decoded frame.

    Attributes:
        image: (H, W, 3) uint8 RGB, upright.
        number: From 0, counting the frames that were skipped.
        time: Seconds since the first frame.
        lasts: Seconds until the next processed frame. Of a camera, it is estimated from its rate.
        total: Number of frames of the file, as estimated from its header; None if unknown.
    """

    image: NDArray[np.uint8]
    number: int
    time: float
    lasts: float
    total: int | None = None


def read_moving(path: Path, is_animation: bool, every: int) -> Iterator[VideoFrame | str]:
    """Yield every N-th frame of a file. On an error, yield its reason at the end."""
    if special := describe_special(path):
        yield f"it is {special}, not a file"
    elif not os.access(path, os.R_OK):
        yield "cannot read it: the file is missing or not readable"
    elif is_animation:
        yield from _read_animation(path, every)
    else:
        yield from _read_video(path, every)


def read_encoded(
    content: bytes, is_animation: bool, every: int, most_pixels: int = MOST_PIXELS
) -> Iterator[VideoFrame | str]:
    """Yield every N-th frame of a video or animation in memory, as `read_moving` does for a file.

    Frames of a video with more than twice `most_pixels` are not decoded, but counted as damaged.
    """
    if is_animation:
        yield from _read_animation(BytesIO(content), every)
    else:
        yield from _read_video(BytesIO(content), every, most_pixels)


def read_stream(address: str, every: int) -> Iterator[VideoFrame | str]:
    """Yield every N-th frame of an address such as rtsp://, until it ends or the caller stops asking."""
    yield from _read_video(address, every)


def _read_animation(source: Path | BytesIO, every: int) -> Iterator[VideoFrame | str]:
    number, elapsed, lasts = 0, 0.0, 1 / RATE
    waiting: VideoFrame | None = None
    try:
        with Image.open(source) as image:
            check_size(image)
            for number, one in enumerate(ImageSequence.Iterator(image)):
                one.load()  # a WebP has its duration only after this
                lasts = (one.info.get("duration") or 1000 / RATE) / 1000
                if number % every == 0:
                    if waiting:
                        yield waiting
                    waiting = VideoFrame(np.array(as_rgb(one.copy())), number, elapsed, 0.0)
                elapsed += lasts
                if waiting:
                    waiting = replace(waiting, lasts=elapsed - waiting.time)
    except Exception as error:
        if waiting:
            yield waiting
        yield f"cannot read beyond frame {number}: {error}"
        return
    if waiting:
        yield waiting


def open_video(source: Path | BytesIO | str) -> InputContainer:
    """Open a file or an address. A file opens no other file or address, whatever its name and content say.

    Raises:
        av.FFmpegError: It cannot be opened.
    """
    import av

    av.logging.set_level(av.logging.PANIC)  # ferkit reports what is wrong, once
    if isinstance(source, str):
        return av.open(source, timeout=PATIENCE, metadata_errors="replace")
    alone = {"protocol_whitelist": "file", "format_whitelist": FORMATS.replace(" ", ",")}
    if isinstance(source, Path):
        return av.open(f"file:{source}", metadata_errors="replace", options=alone)
    return av.open(source, mode="r", metadata_errors="replace", options=alone)


def _read_video(
    source: Path | BytesIO | str, every: int, most_pixels: int = MOST_PIXELS
) -> Iterator[VideoFrame | str]:
    import av

    try:
        with open_video(source) as container:
            if not container.streams.video:
                yield "it has no video stream"
                return
            yield from _decode(container, every, most_pixels)
    except av.FFmpegError as error:
        is_odd = error.errno == errno.EINVAL and not isinstance(source, str)
        reason = "it is damaged, or in a format that is not supported" if is_odd else error.strerror
        yield f"cannot open it as a video: {reason}"


def _decode(container: InputContainer, every: int, most_pixels: int) -> Iterator[VideoFrame | str]:
    """Decode to the end of the file; damaged packets are skipped and counted.

    A frame lasts until the next processed one. The last one lasts to the end of the video.
    """
    import av

    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    stream.codec_context.options = {"max_pixels": str(2 * most_pixels)}  # decoders pad small frames
    rate = float(stream.average_rate or stream.guessed_rate or RATE)
    number, first, now, packets = 0, None, 0.0, 0
    damaged: list[float] = []
    total = stream.frames or round(_duration(container, stream) * rate) or None
    waiting: VideoFrame | None = None
    for packet in _packets(container, stream):
        packets += packet.size > 0
        try:
            decoded = packet.decode()
        except av.FFmpegError:
            damaged.append(now)
            continue
        for picture in decoded:
            first = picture.time if first is None else first
            here = number / rate if picture.time is None else picture.time - (first or 0.0)
            now = max(now, here)  # after damage, frames may come out of order
            if number % every == 0:
                if waiting:
                    yield replace(waiting, lasts=max(now - waiting.time, 1e-3))
                waiting = VideoFrame(_upright(picture), number, now, 0.0, total)
            if waiting:
                waiting = replace(waiting, lasts=now + (_lasts(picture) or 1 / rate) - waiting.time)
            number += 1
    if waiting:
        yield waiting
    if not number:
        yield "it has no readable frame"
    elif problem := _describe_losses(container, stream, number, packets, now + 1 / rate, damaged):
        yield problem


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[Any]:
    """Yield packets until the file ends or can't be read any further."""
    import av

    try:
        yield from container.demux(stream)
    except av.FFmpegError:
        return


def _describe_losses(
    container: InputContainer,
    stream: VideoStream,
    frames: int,
    packets: int,
    ends: float,
    damaged: list[float],
) -> str:
    """Describe frames that could not be decoded, and an end before the time that the container names."""
    problems = []
    if damaged or packets > frames:
        where = f" after {damaged[0]:.2f} s" if damaged else ""
        lost = count_of(max(packets - frames, 1), "frame")
        problems.append(f"{lost} of {packets} cannot be decoded{where}")
    expected = _duration(container, stream)
    if stream.frames - packets > max(1, MISSING * stream.frames):
        problems.append(f"it ends after {frames} of {stream.frames} frames. The rest is missing")
    elif expected - ends > max(1 / RATE, MISSING * expected):
        problems.append(f"it ends at {ends:.2f} of {expected:.2f} s. The rest is missing")
    return "; ".join(problems)


def _duration(container: InputContainer, stream: VideoStream) -> float:
    """Return seconds from the first to the last frame, or 0 where only other streams may last as long."""
    import av

    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    is_alone = len(container.streams) == 1
    start = (container.start_time or 0) / av.time_base
    return container.duration / av.time_base - max(start, 0.0) if container.duration and is_alone else 0.0


def _lasts(picture: Picture) -> float:
    """Return the seconds for which the file shows a frame, 0 if it does not say."""
    return float((picture.duration or 0) * (picture.time_base or 0))


def _upright(picture: Picture) -> NDArray[np.uint8]:
    image = picture.to_ndarray(format="rgb24")
    turns = round(getattr(picture, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns))


def read_camera(index: int, every: int) -> Iterator[VideoFrame | str]:
    """Yield every N-th frame until the caller stops asking; time counts from the first frame."""
    if logging := getattr(cv2.utils, "logging", None):  # absent from 4.10 to 4.12
        logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    camera = cv2.VideoCapture(index)
    try:
        if not camera.isOpened():
            yield "cannot open the camera: it is unplugged, or another program uses it"
            return
        yield from _grab(camera, every)
    finally:
        camera.release()


def _grab(camera: cv2.VideoCapture, every: int) -> Iterator[VideoFrame | str]:
    rate = float(camera.get(cv2.CAP_PROP_FPS))
    rate = rate if np.isfinite(rate) and 0 < rate < 1000 else RATE
    number, start = 0, time.monotonic()
    while camera.grab():
        if number % every == 0:
            is_good, image = camera.retrieve()
            # OpenCV returns True with an unwritten buffer if its conversion fails.
            if not is_good or image is None or image.ndim != 3 or image.shape[2] != 3:
                break
            pixels = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
            yield VideoFrame(pixels, number, time.monotonic() - start, every / rate)
        number += 1
    yield f"the camera stopped after {count_of(number, 'frame')}. Was it unplugged?"
