"""Standard input is a list of paths."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ferkit.errors import DataError
from ferkit.predict.media.stdin import BEGINNING, read_stdin


def listed(content: bytes) -> list[bytes]:
    return [line for line in read_stdin(io.BytesIO(content)) if line]


@pytest.mark.parametrize("form", ["PNG", "BMP", "PPM", "GIF", "JPEG", "WEBP", "TIFF"])
def test_an_image_is_an_error_that_says_what_to_do(form: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(buffer, form)
    with pytest.raises(DataError, match=r"expected paths.* got an image.*ferkit predict FILE"):
        read_stdin(io.BytesIO(buffer.getvalue()))


def test_nothing_is_an_error() -> None:
    with pytest.raises(DataError, match=r"it is empty\. Expected paths"):
        read_stdin(io.BytesIO(b" \n"))


@pytest.mark.parametrize("first", [b"P1010001.JPG", b"GIF89a.gif", b"BM\xe4.jpg", b"two words.png"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\0"])
def test_a_list_is_separated_by_lines_or_nul(first: bytes, end: bytes) -> None:
    names = [first, *(b"%d.jpg" % number for number in range(200))]
    assert listed(end.join(names)) == names


def test_separated_by_nul_a_name_may_have_a_line_break() -> None:
    assert listed(b"a\nb.jpg\0c.jpg\0") == [b"a\nb.jpg", b"c.jpg"]


def test_a_name_with_control_characters_is_a_name_if_there_is_such_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("\1.png").touch()
    assert listed(b"\1.png\n") == [b"\1.png"]


def test_lines_are_read_as_they_come() -> None:
    stdin = io.BytesIO(b"first.jpg\n" + b"next.jpg\n" * 100)
    assert next(read_stdin(stdin)) == b"first.jpg"
    assert stdin.tell() == BEGINNING
