"""What comes on standard input: a picture or a list."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ferkit.data.images import read_image
from ferkit.errors import DataError
from ferkit.predict.media.stdin import BEGINNING, read_stdin

PLAIN = b"P3\n# plain\n2 1\n255\n255 0 0 9 9 9\n"
BRIGHT = b"P6\n20 20\n255\n" + b"\xf0" * 1200
GIF = b"GIF89a" + b"\1" * 4 + b"\x80\1\1" + b"\xff" * 6 + b"," + b"\1" * 8 + b"\x80\2\1D;"


def written(form: str) -> bytes:
    """Two pixels."""
    buffer = io.BytesIO()
    Image.fromarray(np.array([[[255, 0, 0], [9, 9, 9]]], np.uint8)).save(buffer, form)
    return buffer.getvalue()


def listed(content: bytes) -> list[bytes]:
    given = read_stdin(io.BytesIO(content))
    assert not isinstance(given, bytes)
    return [line for line in given if line]


@pytest.mark.parametrize("form", ["PNG", "BMP", "PPM", "GIF", "JPEG", "WEBP", "TIFF"])
def test_pictures_are_taken_for_pictures(form: str) -> None:
    content = written(form)
    assert read_stdin(io.BytesIO(content)) == content
    assert read_image(Path("stdin"), content).shape == (1, 2, 3)


@pytest.mark.parametrize("content", [PLAIN, BRIGHT, GIF], ids=["plain", "bright", "gif"])
def test_pictures_without_a_nul_among_their_first_bytes_are_too(content: bytes) -> None:
    assert b"\0" not in content[:BEGINNING]
    assert read_stdin(io.BytesIO(content)) == content


def test_a_picture_that_is_cut_off_is_no_list() -> None:
    content = b"\xff\xd8\xff\xfe\x01\x11" + b"a comment " * 3
    assert read_stdin(io.BytesIO(content)) == content


def test_one_that_is_larger_than_pillow_takes_for_safe_is_no_list() -> None:
    content = b"P3\n60000 60000\n255\n" + b"9 9 9\n" * 100
    assert read_stdin(io.BytesIO(content)) == content


@pytest.mark.parametrize("first", [b"P1010001.JPG", b"BMW.jpg", b"P3", b"GIF89a.gif", b"BM\xe4.jpg"])
def test_a_list_whose_first_name_begins_like_a_picture_is_a_list(first: bytes) -> None:
    names = [first, *(b"%d.jpg" % number for number in range(200))]
    assert listed(b"\n".join(names)) == names


def test_a_list_whose_first_name_is_there_is_gone_through_as_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("<P1>").touch()
    stdin = io.BytesIO(b"<P1>\n" + b"next.jpg\n" * 100)
    given = read_stdin(stdin)
    assert not isinstance(given, bytes)
    assert next(given) == b"<P1>"
    assert stdin.tell() == BEGINNING


@pytest.mark.parametrize(
    "content", [b'<svg xmlns="a">\n', b"\xef\xbb\xbf<?xml version='1.0'?>", b"\n  <!DOCTYPE html>"]
)
def test_markup_is_said_to_be_none_of_both(content: bytes) -> None:
    with pytest.raises(DataError, match=r"it is markup \(it begins with .<.* a web page: expected an image"):
        read_stdin(io.BytesIO(content))


def test_nothing_is_said_to_be_nothing() -> None:
    with pytest.raises(DataError, match="nothing came: expected an image, or a list of files"):
        read_stdin(io.BytesIO(b" \n"))
