"""Kinds of files by their names: one list for every command and data set."""

from __future__ import annotations

import stat
from pathlib import Path

_IMAGES = """
.avif .bmp .dib .gif .heic .heif .j2k .jfif .jp2 .jpe .jpeg .jpg .jpx .mpo .pbm .pcx .pgm .png .pnm .ppm .tga
.tif .tiff .webp
"""
_VIDEOS = """
.3g2 .3gp .asf .avi .f4v .flv .h264 .m2ts .m4v .mjpeg .mkv .mov .mp4 .mpeg .mpg .mts .mxf .ogv .ts .vob
.webm .wmv
"""
IMAGE_SUFFIXES = frozenset(_IMAGES.split())
"""Suffixes of images, in lower case."""
VIDEO_SUFFIXES = frozenset(_VIDEOS.split())
"""Suffixes of videos, in lower case."""
HEIF_SUFFIXES = frozenset({".heic", ".heif"})
"""Suffixes of images that only pillow-heif reads."""
HIDDEN = frozenset({"__macosx", "@eadir", "thumbs.db", "desktop.ini", "$recycle.bin"})
"""Names that macOS, Windows and network drives add, in lower case."""
TRANSPORT_PACKET = 188
"""Bytes between the sync bytes of an MPEG transport stream (ISO/IEC 13818-1, 2.4.3.2)."""


def is_hidden(name: str) -> bool:
    """Return whether a file or folder belongs to the system, such as `.DS_Store`, `._x.jpg` or `@eaDir`."""
    return name.startswith(".") or name.lower() in HIDDEN


def is_image(path: Path) -> bool:
    """Return whether a file has the suffix of an image."""
    return path.suffix.lower() in IMAGE_SUFFIXES


def is_video(path: Path) -> bool:
    """Return whether a file has the suffix of a video; a `.ts` must also start like one."""
    suffix = path.suffix.lower()
    return suffix in VIDEO_SUFFIXES and (suffix != ".ts" or _is_transport_stream(path))


def _is_transport_stream(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(TRANSPORT_PACKET + 1)
    except OSError:
        return True  # the reader names the error
    return start[:1] == b"G" and start[TRANSPORT_PACKET:] in (b"G", b"")


def describe_special(path: Path) -> str:
    """Return what a path is if it is no regular file, such as "a named pipe", else ""."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""  # the reader names the error
    if stat.S_ISREG(mode):
        return ""
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}
    return kinds.get(stat.S_IFMT(mode), "a device")
