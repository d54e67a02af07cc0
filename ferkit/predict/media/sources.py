"""Resolve inputs (files, folders, patterns, cameras, stdin) to images, videos and cameras."""

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
from ferkit.predict.media.video import open_video
from ferkit.runtime.file_kinds import describe_special, is_image, is_video
from ferkit.runtime.walk import walk_folder

ANIMATIONS = (".gif", ".webp", ".png", ".avif")
"""Suffixes of images that may have several frames."""
CHAINED = (
    "chained addresses of fsspec (::) are not read. Give the address of the storage itself, such as "
    "s3://bucket/*.jpg, with --jobs or --on ray, or copy the files to this machine first"
)
"""Reason why an address such as simplecache::s3://bucket/a.jpg is not read."""
ADDRESS = re.compile(r"(https?|rtsps?|rtmps?|rtp|udp|tcp|srt)://.+", re.I)
STDIN = "-"
CAMERA_DIGITS = 3
"""Maximum digits of a camera number. A longer number is a file name, such as a date."""
LONGEST = 4096
"""Maximum length of a path on Linux, in characters."""
TOLD = 1000
"""Maximum length of an unknown name in a message. A name from stdin may be a line of any file."""


@dataclass(frozen=True, slots=True)
class ImageSource:
    """An image file.

    Attributes:
        path: The file.
        name: Path of its annotated copy, relative to the folder of the copies.
        address: Where the file was downloaded from; "" for a file of yours.
    """

    path: Path
    name: Path
    address: str = ""


@dataclass(frozen=True, slots=True)
class VideoSource:
    """A video, or an image with several frames."""

    path: Path
    name: Path
    is_animation: bool = False
    address: str = ""


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
    """A file in a folder whose suffix is neither an image's nor a video's. It is not an error."""

    file: str


@dataclass(frozen=True, slots=True)
class InputError:
    """An input that cannot be processed, with the reason."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that has not been opened.

    Attributes:
        path: The file.
        name: Path of its annotated copy, relative to the folder of the copies.
    """

    path: Path
    name: Path


Source = ImageSource | VideoSource | Camera | Stream | Ignored | InputError
Found = Listed | Camera | Stream | Ignored | InputError


def find_sources(inputs: Sequence[str | Path], stdin: BinaryIO | None = None) -> Iterator[Source]:
    """Yield the sources of the inputs, as `list_inputs` finds them."""
    for one in list_inputs(inputs, stdin):
        yield source_of(one.path, one.name) if isinstance(one, Listed) else one


def list_inputs(inputs: Sequence[str | Path], stdin: BinaryIO | None = None) -> Iterator[Found]:
    """Yield what the inputs name, in order. Folders are listed lazily, sorted by name. No file is opened.

    Args:
        inputs: Files, folders, patterns, camera numbers, or "-". Folders are searched recursively; linked
            folders too, each once. A pattern is like "holiday/*.jpg", with ** for nested folders. "-" reads
            paths from standard input, one per line or separated by NUL.
        stdin: Stream for "-". Default: standard input.
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
        elif "://" in text and not os.path.lexists(text):
            reason = "addresses of a storage are read with --jobs or --on ray only"
            yield InputError(_cut(text), CHAINED if "::" in text else reason)
        else:
            yield from _of_name(text, "there is no such file, folder or camera")


def _of_name(text: str, otherwise: str) -> Iterator[Found]:
    if os.path.isdir(text):
        yield from _some(_of_folder(Path(text)), text, "the folder has no image or video")
    elif os.path.lexists(text):
        yield Listed(Path(text), Path(os.path.basename(text)))
    elif glob.has_magic(text) and "\0" not in text and len(text) <= LONGEST:
        yield from _some(_of_pattern(text), text, "no image or video matches this pattern")
    else:
        yield InputError(_cut(text), otherwise)


def _cut(name: str) -> str:
    return name if len(name) <= TOLD else f"{name[:TOLD]}..."


def _some(found: Iterator[Found], text: str, otherwise: str) -> Iterator[Found]:
    """Yield the sources, then an InputError if there is no image or video among them."""
    is_empty = True
    for one in found:
        is_empty = is_empty and isinstance(one, Ignored)
        yield one
    if is_empty:
        yield InputError(_cut(text), otherwise)


def _of_folder(folder: Path) -> Iterator[Found]:
    refused: list[OSError] = []
    for place, files in walk_folder(folder, refused.append):
        yield from _refusals(refused)
        for name in files:
            path = place / name
            yield _among_others(path, path.relative_to(folder))
    yield from _refusals(refused)


def _refusals(refused: list[OSError]) -> Iterator[InputError]:
    yield from (InputError(str(one.filename), f"cannot list the folder: {one.strerror}") for one in refused)
    refused.clear()


def _of_pattern(pattern: str) -> Iterator[Found]:
    """List each matching file once. If links give it several names, the shortest is used."""
    found = [text for text in glob.iglob(pattern, recursive=True) if not os.path.isdir(text)]
    names: dict[str, str] = {}
    for text in sorted(found, key=lambda one: (one.count(os.sep), one)):
        folder, name = os.path.split(text)
        names.setdefault(os.path.join(os.path.realpath(folder), name), text)
    for text in sorted(names.values()):
        path = Path(text)
        yield _among_others(path, Path(path.name))


def _among_others(path: Path, name: Path) -> Found:
    return Listed(path, name) if is_image(path) or is_video(path) else Ignored(str(path))


def source_of(path: Path, name: Path) -> ImageSource | VideoSource | InputError:
    """Return an image or a video, by the suffix, or by the content if the suffix is unknown."""
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
        pass
    try:
        with open_video(path) as container:
            return bool(container.streams.video)
    except (av.FFmpegError, OSError):
        return False


def _is_animated(path: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return bool(getattr(image, "is_animated", False))
    except Exception:
        return False  # reading the file reports the error


def _of_stdin(stdin: BinaryIO) -> Iterator[Found]:
    try:
        given = read_stdin(stdin)
    except DataError as error:
        yield InputError("stdin", str(error))
        return
    for line in given:
        if line.strip():
            yield from _of_name(os.fsdecode(line), "there is no such file or folder")
