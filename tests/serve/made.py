"""Encoded images and videos of red spots."""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from PIL import Image

from tests.predict.drawn import picture, write_video


def image(*spots: tuple[int, int], form: str = "png", **size: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(*spots, **size)).save(file, form)
    return file.getvalue()


def animation(frames: int) -> bytes:
    file = io.BytesIO()
    first, *others = (Image.fromarray(picture((2 * i, 10))) for i in range(frames))
    first.save(file, "gif", save_all=True, append_images=others, duration=100)
    return file.getvalue()


def video(frames: int) -> bytes:
    with TemporaryDirectory() as folder:
        return write_video(
            Path(folder) / "clip.avi", [picture((2 * (i % 20), 10)) for i in range(frames)]
        ).read_bytes()


def growing_video(width: int, height: int) -> bytes:
    """An AVI file that says it has 96 × 64 pixels. Its last frame has width × height."""
    file = io.BytesIO()
    with av.open(file, "w", "avi") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
        sizes = [(96, 64)] * 3 + [(width, height)]
        for number, (wide, high) in enumerate(sizes):
            packet = av.Packet(image((10, 10), form="jpeg", width=wide, height=high))
            packet.stream, packet.time_base = stream, Fraction(1, 10)
            packet.pts = packet.dts = number
            container.mux(packet)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it has width × height pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
