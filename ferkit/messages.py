"""Text that messages share: near names, values, counts and lists."""

from __future__ import annotations

import difflib
import json
import math
import os
import shlex
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

LISTED = 30
"""Number of names up to which all are listed, even if there is a closest one."""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the sentence after an unknown name: the closest known name, if any, and all names.

    If there is a closest name, a long list of names is left out.
    """
    known = sorted(set(known))
    close = find_closest(name, known)
    hint = f"Did you mean {close!r}? " if close else ""
    if close and len(known) > LISTED:
        return f"{hint}There are {len(known)} names."
    return f"{hint}There is: {', '.join(known) or 'none'}."


def find_closest(name: str, known: Iterable[str], cutoff: float = 0.51) -> str | None:
    """Return the known name that is most similar, if any. Case, hyphens and underscores do not matter."""
    plain = {_plain(one): one for one in known}
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=cutoff)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


WORDS = {
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("a string", "strings"),
    bool: ("true or false", "truth values"),
    Path: ("a path", "paths"),
    dict: ("a table", "tables"),
    list: ("a list", "lists"),
    tuple: ("a list", "lists"),
}


def describe_value(value: Any) -> str:
    """Return a value as JSON with its type in plain words."""
    written = json.dumps(value, default=str, ensure_ascii=False)
    if isinstance(value, float) and not math.isfinite(value):
        return f"{written} (not finite)"
    return f"{written} ({WORDS[type(value)][0]})" if type(value) in WORDS else written


SHOWN = 3


def count_some(names: Sequence[str]) -> str:
    """Join the first few names, with the number of the others."""
    shown = ", ".join(printable(name) for name in names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} others"


REORDERING = (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Characters that break lines or change the direction of text."""
CONTROLS = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (*range(32), *range(127, 160), *REORDERING)
}
"""Characters that a terminal obeys, as escapes."""
OF_NAMES = {**CONTROLS, ord("\n"): "\\n", ord("\t"): "\\t", ord("\r"): "\\r"}
OF_LINES = {code: text for code, text in CONTROLS.items() if chr(code) not in "\n\t"}


def printable(name: str) -> str:
    """Escape control characters of a name, line breaks included, and bytes that are not UTF-8."""
    return decodable(name).translate(OF_NAMES)


def printable_lines(text: str) -> str:
    """Like `printable`, but line breaks and tabs stay."""
    return decodable(text).translate(OF_LINES)


def decodable(name: str) -> str:
    """Escape the bytes of a file name that are not UTF-8, and characters that no text has."""
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return name.encode("utf-8", "backslashreplace").decode()


def shorten(value: object, most: int = 60) -> str:
    """Cut a value that may be long or hostile down to one line."""
    text = printable(" ".join(str(value).split()))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def list_some(names: Sequence[str], most: int = 10) -> str:
    """List names, each cut down to one line, and count those above `most`."""
    shown = ", ".join(shorten(name, 40) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} others"


def shorten_middle(text: str, width: int) -> str:
    """Cut out the middle of a text that is longer than `width` characters."""
    if len(text) <= width:
        return text
    head = (width - 3) // 2
    return f"{text[:head]}...{text[head + 3 - width :]}"


UNLIMITED = 10_000
"""Width of a line in a pipe without $COLUMNS, in characters."""


def wrap(text: str, width: int, indent: int = 0) -> str:
    """Wrap a line between words. Further lines are indented."""
    return textwrap.fill(
        text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )


def quote(word: object) -> str:
    """Quote a word for the system's shell: POSIX, or cmd on Windows."""
    if os.name == "posix":
        return shlex.quote(str(word))
    from subprocess import list2cmdline

    return list2cmdline([str(word)])


def percent(fraction: float) -> str:
    """Format a fraction, 0..1, as percent with one decimal. A small value above 0 is not shown as 0.0%."""
    return "less than 0.1%" if 0 < fraction < 0.0005 else f"{100 * fraction:.1f}%"


def number(count: float) -> str:
    """Format a whole number without decimals, and a mean with one."""
    return f"{count:,.0f}" if count == int(count) else f"{count:,.1f}"


def count_of(count: float, noun: str) -> str:
    """Format a count with its noun: "1 file", "2 files", "37.4 test images"."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"
