"""Decode the files of a request within the limits. The size is checked before pixels are decoded."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image

from ferkit.data.images import decode_image, open_image, register_heif
from ferkit.errors import DataError
from ferkit.messages import count_of
from ferkit.predict.media.frames import Frame, Read
from ferkit.predict.media.sources import ImageSource, InputError, VideoSource
from ferkit.predict.media.video import RATE, open_video, read_encoded
from ferkit.runtime.prefetch import iterate_ahead
from ferkit.serve.limits import TOO_LARGE, UNREADABLE, Limits, RequestError

HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
"""Brands of HEIF images, after "ftyp" (ISO/IEC 23008-12, annex B)."""
FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP")
"""Formats of Pillow that are read. The others are rare, and their readers less tested."""
ANIMATIONS = ("AVIF", "GIF", "PNG", "WEBP")
ROOM = 60e6
"""Maximum size of decoded video frames that wait, in bytes."""
AHEAD = 8


@dataclass(frozen=True, slots=True)
class Medium:
    """An encoded image or video whose size is within the limits.

    Attributes:
        name: Its name in the answer.
        content: The file.
        kind: "animation" is an image with several frames.
        pixels: Width × height.
    """

    name: str
    content: bytes
    kind: Literal["image", "animation", "video"]
    pixels: int

    @property
    def weight(self) -> int:
        """Size of a decoded frame, in bytes."""
        return 3 * self.pixels


def inspect(name: str, content: bytes, limits: Limits, every: int) -> Medium:
    """Read the kind and size of a file from its header. Nothing is decoded.

    Args:
        name: Its name in the answer.
        content: The file.
        limits: `pixels` and `frames` are the limits.
        every: Every N-th frame of a video is processed.

    Raises:
        RequestError: It is neither an image nor a video, or it exceeds a limit.
    """
    if not content:
        raise RequestError(UNREADABLE, "it is empty")
    try:
        return _inspect_image(name, content, limits, every)
    except _UnknownFormatError:
        return _inspect_video(name, content, limits, every)


class _UnknownFormatError(Exception):
    """Pillow does not know the format."""


def _inspect_image(name: str, content: bytes, limits: Limits, every: int) -> Medium:
    try:
        if content[4:8] == b"ftyp" and content[8:12] in HEIF:
            register_heif()
        with open_image(content, _formats()) as image:
            _check_pixels(image.width, image.height, limits)
            frames = int(getattr(image, "n_frames", 1)) if image.format in ANIMATIONS else 1
            pixels = image.width * image.height
    except RequestError:
        raise
    except DataError as error:
        raise RequestError(UNREADABLE, str(error)) from error
    except Exception as error:
        raise _UnknownFormatError from error
    _check_frames(frames, limits, every)
    return Medium(name, content, "animation" if frames > 1 else "image", pixels)


def _inspect_video(name: str, content: bytes, limits: Limits, every: int) -> Medium:
    import av

    try:
        with open_video(BytesIO(content)) as container:
            if not container.streams.video:
                raise RequestError(UNREADABLE, "it has no video stream")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise RequestError(UNREADABLE, "its codec is not supported")
            width, height = stream.codec_context.width, stream.codec_context.height
            seconds = (container.duration or 0) / av.time_base
            rate = float(stream.average_rate or stream.guessed_rate or RATE)
            frames = max(stream.frames, int(seconds * rate))
    except (av.FFmpegError, ValueError, OverflowError) as error:
        raise RequestError(UNREADABLE, "it is neither an image nor a video that can be read") from error
    _check_pixels(width, height, limits)
    _check_frames(frames, limits, every)
    return Medium(name, content, "video", width * height)


def _formats() -> list[str]:
    """Return the formats that this Pillow has: some are optional."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.pixels:
        raise RequestError(
            TOO_LARGE, f"it has {width} × {height} pixels. The limit is {limits.megapixels:g} megapixels"
        )


def _check_frames(frames: int, limits: Limits, every: int) -> None:
    if -(-frames // every) > limits.frames:
        raise RequestError(
            TOO_LARGE,
            f"it has about {count_of(frames, 'frame')}. The limit is {limits.frames}. Send a shorter video, "
            f"or process fewer frames: ?every={-(-frames // limits.frames)}",
        )


def decode_still(medium: Medium) -> Frame:
    """Decode an image. Raises RequestError if it is damaged."""
    try:
        pixels = decode_image(medium.content, _formats())
    except DataError as error:
        raise RequestError(UNREADABLE, str(error)) from error
    name = Path(medium.name)
    return Frame(ImageSource(name, name), pixels)


def frames_ahead(medium: Medium) -> int:
    """Return the number of frames of a video to decode before they are used, within `ROOM`."""
    return int(min(AHEAD, max(1, ROOM // max(medium.weight, 1))))


def decode_moving(medium: Medium, limits: Limits, every: int) -> Generator[Read, None, None]:
    """Yield every N-th frame of a video, and an InputError at the end if a part is damaged.

    Raises:
        RequestError: A frame is too large, or there are too many frames.
    """
    name = Path(medium.name)
    source = VideoSource(name, name, medium.kind == "animation")
    found = read_encoded(medium.content, source.is_animation, every, limits.pixels)
    for number, one in enumerate(iterate_ahead(found, frames_ahead(medium))):
        if isinstance(one, str):
            yield InputError(medium.name, one)
            continue
        if number >= limits.frames:
            raise RequestError(TOO_LARGE, f"it has more than {count_of(limits.frames, 'frame')}")
        _check_pixels(one.image.shape[1], one.image.shape[0], limits)
        yield Frame(source, one.image, one.number, one.time, one.lasts)
