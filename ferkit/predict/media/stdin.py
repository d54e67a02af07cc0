"""Read a list of paths from standard input."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from ferkit.errors import DataError

BEGINNING = 512
"""Number of bytes that decide between lines and NUL."""
CONTROLS = {*range(32)} - {*b"\t\n\r"}
"""Control bytes. Images have some near their start; file names almost never do."""


def read_stdin(stdin: BinaryIO) -> Iterator[bytes]:
    """Yield paths, one per line or separated by NUL (`find -print0`). Lines are read as they arrive.

    Raises:
        DataError: Standard input is empty or binary data.
    """
    first = stdin.read(BEGINNING)
    if not first.strip():
        raise DataError("it is empty. Expected paths, one per line or separated by NUL")
    end = b"\0" if b"\0" in first else b"\n"
    name = first.split(end)[0].rstrip(b"\r")
    if CONTROLS.intersection(first.replace(b"\0", b"")) and not os.path.lexists(os.fsdecode(name)):
        raise DataError(
            "expected paths, one per line or separated by NUL, got an image or other binary data. Save it "
            "as a file and give its path: ferkit predict FILE"
        )
    return iter((first + stdin.read()).split(end)) if end == b"\0" else _lines(first, stdin)


def _lines(first: bytes, stdin: BinaryIO) -> Iterator[bytes]:
    *whole, rest = first.split(b"\n")
    yield from (line.rstrip(b"\r") for line in whole)
    for line in stdin:
        whole_line, rest = rest + line, b""
        yield whole_line.rstrip(b"\r\n")
    yield rest
