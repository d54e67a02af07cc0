"""Standard output and error of commands, which no name from elsewhere can control."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from ferkit.messages import printable_lines


class PrintableStream:
    """A text stream that shows control characters as escapes.

    rich writes to the stream behind it, as its colours are control characters. What ferkit gives to rich is
    escaped by `ferkit.messages.printable`.
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        self.rich_proxied_file.write(printable_lines(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


@contextmanager
def printable_output() -> Iterator[None]:
    """Print through `PrintableStream` until the end of a command. No encoding makes printing fail."""
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = (cast(TextIO, PrintableStream(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def data_stream() -> TextIO:
    """Return standard output for data: unchanged in a pipe or file, printable on a terminal."""
    if sys.stdout.isatty():
        return sys.stdout
    return cast(TextIO, getattr(sys.stdout, "rich_proxied_file", sys.stdout))
