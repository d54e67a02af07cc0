"""What was typed as INPUT -> the images, videos and cameras that it stands for, one after the other."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ferkit.errors import DataError
from ferkit.predict.media.stdin import read_stdin
from ferkit.runtime.file_kinds import describe_special, is_image, is_video
from ferkit.runtime.walk import walk_folder

ANIMATIONS = (".gif", ".webp", ".png", ".avif")
"""Suffixes of images that may have several frames."""
ADDRESS = re.compile(r"(https?|rtsps?|rtmps?|rtp|udp|tcp|srt)://.+", re.I)
STDIN = "-"
CAMERA_DIGITS = 3
"""A longer number is a name, such as a date."""
LONGEST = 4096
"""Characters of a path, on Linux."""
TOLD = 1000
"""Characters of a name that there is not, beyond which it is cut: it may be a line of any file at all."""


@dataclass(frozen=True, slots=True)
class ImageSource:
    """name: where its annotated copy goes, below the folder for these."""

    path: Path
    name: Path


@dataclass(frozen=True, slots=True)
class VideoSource:
    """A video, or a picture with several frames."""

    path: Path
    name: Path
    is_animation: bool = False


@dataclass(frozen=True, slots=True)
class Camera:
    index: int

    @property
    def name(self) -> Path:
        return Path(f"camera-{self.index}")


@dataclass(frozen=True, slots=True)
class Stream:
    """A video at an address, live or not."""

    address: str

    @property
    def name(self) -> Path:
        last = re.split(r"[/?#]", self.address.partition("://")[2].rstrip("/"))[-1]
        return Path(re.sub(r"[^\w.-]", "_", last) or "stream")


@dataclass(frozen=True, slots=True)
class Ignored:
    """A file of a folder that is no image and no video, by its suffix: no problem of anyone's."""

    file: str


@dataclass(frozen=True, slots=True)
class InputError:
    """Something that was asked for and could not be done, and why."""

    file: str
    reason: str


Source = ImageSource | VideoSource | Camera | Stream | Ignored | InputError


def find_sources(inputs: Sequence[str | Path], stdin: BinaryIO | None = None) -> Iterator[Source]:
    """In the order given; a folder's by name, folder by folder. Nothing is listed before it is needed.

    An input is a file, a folder (with all below it, linked folders too, each once), a pattern such as
    "holiday/*.jpg" (** for folders within folders), a camera's number, or "-": a list of paths on
    standard input, one a line or separated by NUL.
    """
    for one in inputs:
        text = os.fspath(one)
        text = text if os.path.lexists(text) else os.path.expanduser(text)
        if text == STDIN:
            yield from _of_stdin(stdin or sys.stdin.buffer)
        elif text.isdecimal() and len(text) <= CAMERA_DIGITS and not os.path.lexists(text):
            yield Camera(int(text))
        elif ADDRESS.fullmatch(text):
            yield Stream(text)
        else:
            yield from _of_name(text, "there is no such file, folder or camera")


def _of_name(text: str, otherwise: str) -> Iterator[Source]:
    if os.path.isdir(text):
        yield from _some(_of_folder(Path(text)), text, "the folder holds no image and no video")
    elif os.path.lexists(text):
        yield _of_file(Path(text), Path(os.path.basename(text)))
    elif glob.has_magic(text) and "\0" not in text and len(text) <= LONGEST:
        yield from _some(_of_pattern(text), text, "no image and no video has such a name")
    else:
        yield InputError(_cut(text), otherwise)


def _cut(name: str) -> str:
    return name if len(name) <= TOLD else f"{name[:TOLD]}..."


def _some(found: Iterator[Source], text: str, otherwise: str) -> Iterator[Source]:
    """What was found, and a problem where there is nothing to do in it."""
    is_empty = True
    for one in found:
        is_empty = is_empty and isinstance(one, Ignored)
        yield one
    if is_empty:
        yield InputError(_cut(text), otherwise)


def _of_folder(folder: Path) -> Iterator[Source]:
    refused: list[OSError] = []
    for place, files in walk_folder(folder, refused.append):
        yield from _refusals(refused)
        for name in files:
            path = place / name
            yield _among_others(path, path.relative_to(folder))
    yield from _refusals(refused)


def _refusals(refused: list[OSError]) -> Iterator[InputError]:
    yield from (InputError(str(one.filename), f"it can't be listed: {one.strerror}") for one in refused)
    refused.clear()


def _of_pattern(pattern: str) -> Iterator[Source]:
    """A file that ** reaches through links as well comes once, by its shortest name."""
    found = [text for text in glob.iglob(pattern, recursive=True) if not os.path.isdir(text)]
    names: dict[str, str] = {}
    for text in sorted(found, key=lambda one: (one.count(os.sep), one)):
        folder, name = os.path.split(text)
        names.setdefault(os.path.join(os.path.realpath(folder), name), text)
    for text in sorted(names.values()):
        path = Path(text)
        yield _among_others(path, Path(path.name))


def _among_others(path: Path, name: Path) -> Source:
    return _of_file(path, name) if is_image(path) or is_video(path) else Ignored(str(path))


def _of_file(path: Path, name: Path) -> Source:
    """Decide by the suffix, or by the content if the suffix is unknown."""
    if special := describe_special(path):
        return InputError(str(path), f"it is {special}, not a file")
    if is_video(path) or (not is_image(path) and _holds_video(path)):
        return VideoSource(path, name)
    if path.suffix.lower() in ANIMATIONS and _is_animated(path):
        return VideoSource(path, name, is_animation=True)
    return ImageSource(path, name)


def _holds_video(path: Path) -> bool:
    """Return whether the decoder of videos reads a file that Pillow does not."""
    import av
    from PIL import Image

    try:
        with Image.open(path):
            return False
    except Exception:
        av.logging.set_level(av.logging.PANIC)
    try:
        with av.open(str(path)) as container:
            return bool(container.streams.video)
    except (av.FFmpegError, OSError):
        return False


def _is_animated(path: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return bool(getattr(image, "is_animated", False))
    except Exception:
        return False  # what is wrong with it is told where it is read


def _of_stdin(stdin: BinaryIO) -> Iterator[Source]:
    try:
        given = read_stdin(stdin)
    except DataError as error:
        yield InputError("stdin", str(error))
        return
    for line in given:
        if line.strip():
            yield from _of_name(os.fsdecode(line), "there is no such file or folder")
