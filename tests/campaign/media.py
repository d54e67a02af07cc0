"""Valid images and videos of many kinds, small enough that thousands of damaged ones are read in a minute."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ferkit.testing import draw_face

SIDE = 32
FRAMES = 6
VIDEOS = {".mp4": ("mp4", "mpeg4"), ".mkv": ("matroska", "mpeg4"), ".avi": ("avi", "mjpeg")}
"""Suffix -> container and codec."""


def make_files() -> Mapping[str, bytes]:
    """Name -> content. The suffix is part of the name."""
    faces = [draw_face("happiness", number, SIDE) for number in range(FRAMES)]
    image = Image.fromarray(faces[0])
    stills = {
        "rgb.png": _save(image, "PNG"),
        "palette.png": _save(image.quantize(16), "PNG"),
        "16 bits.png": _save(Image.fromarray(faces[0][..., 0].astype(np.uint16) * 257), "PNG"),
        "alpha.png": _save(image.convert("RGBA"), "PNG"),
        "plain.jpg": _save(image, "JPEG"),
        "progressive.jpg": _save(image, "JPEG", progressive=True, exif=_turned()),
        "cmyk.jpg": _save(image.convert("CMYK"), "JPEG"),
        "still.gif": _save(image, "GIF"),
        "lossy.webp": _save(image, "WEBP"),
        "lossless.webp": _save(image, "WEBP", lossless=True),
        "plain.tiff": _save(image, "TIFF"),
        "deflate.tiff": _save(image, "TIFF", compression="tiff_adobe_deflate"),
        "float.tiff": _save(Image.fromarray(faces[0][..., 0].astype(np.float32) / 255), "TIFF"),
        "plain.bmp": _save(image, "BMP"),
        "plain.ppm": _save(image, "PPM"),
        "plain.tga": _save(image, "TGA"),
    }
    return {**stills, **_animations(faces)}


def make_videos() -> Mapping[str, bytes]:
    """Name -> content."""
    faces = [draw_face("happiness", number, 2 * SIDE) for number in range(FRAMES)]
    return {f"video{suffix}": _encode(faces, *how) for suffix, how in VIDEOS.items()}


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def _save(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _animations(faces: list[NDArray[np.uint8]]) -> dict[str, bytes]:
    first, *others = [Image.fromarray(face) for face in faces[:3]]
    return {
        f"moving{suffix}": _save(first, kind, save_all=True, append_images=others, duration=40)
        for suffix, kind in ((".gif", "GIF"), (".webp", "WEBP"), (".png", "PNG"))
    }


def _encode(faces: list[NDArray[np.uint8]], container: str, codec: str) -> bytes:
    buffer = BytesIO()
    with av.open(buffer, "w", format=container) as video:
        stream = video.add_stream(codec, rate=10)
        stream.width = stream.height = faces[0].shape[0]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for face in faces:
            for packet in stream.encode(av.VideoFrame.from_ndarray(face, format="rgb24")):
                video.mux(packet)
        for packet in stream.encode():
            video.mux(packet)
    return buffer.getvalue()
