"""Standard input: a picture, or a list of files?"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from typing import BinaryIO

from ferkit.errors import DataError

BEGINNING = 512
"""Bytes: most pictures have a NUL among their first, a list of files has none."""
SIGNATURE = 16
"""Bytes that Pillow's readers judge by."""
CONTROLS = {*range(32)} - {*b"\t\n\r"}
"""Characters that names of files may have, and don't."""
SHOWN = 40
EXPECTED = "expected an image, or a list of files, one a line"


def read_stdin(stdin: BinaryIO) -> bytes | Iterator[bytes]:
    """A picture's content, or the lines of a list, without their ends, as they come.

    Raises DataError where it is neither: nothing, or markup such as an SVG drawing or a web page.
    """
    first = stdin.read(BEGINNING)
    if b"\0" in first:
        return first + stdin.read()
    if not first.strip():
        raise DataError(f"nothing came: {EXPECTED}")
    line = first.split(b"\n")[0].rstrip(b"\r")
    if os.path.lexists(os.fsdecode(line)):
        return _lines(first, stdin)
    if _has_signature(first):
        content = first + stdin.read()
        return content if _is_picture(content) else _lines(content, io.BytesIO())
    text = first.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"<"):
        shown = text.splitlines()[0][:SHOWN].decode("utf-8", "replace")
        raise DataError(
            f"it is markup (it begins with {shown!r}), such as an SVG drawing or a web page: {EXPECTED}. "
            "Turn a drawing into a PNG first"
        )
    return _lines(first, stdin)


def _has_signature(first: bytes) -> bool:
    """Whether one of Pillow's readers might take it; "BM" and "P1" begin names of files, too."""
    from PIL import Image

    Image.init()
    beginning = first[:SIGNATURE].ljust(SIGNATURE)
    return any(accept(beginning) for _, accept in Image.OPEN.values() if accept)


def _is_picture(content: bytes) -> bool:
    """Of something with a signature: a picture, broken ones included, or a text that begins alike."""
    from PIL import Image

    if CONTROLS.intersection(content[:BEGINNING]):
        return True
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content)):
            return True
    except Image.DecompressionBombError:
        return True
    except Exception:
        return False


def _lines(first: bytes, stdin: BinaryIO) -> Iterator[bytes]:
    *whole, rest = first.split(b"\n")
    yield from (line.rstrip(b"\r") for line in whole)
    for line in stdin:
        whole_line, rest = rest + line, b""
        yield whole_line.rstrip(b"\r\n")
    yield rest
