"""Encodings and separators of CSV files, as spreadsheets write them."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable
from pathlib import Path

SEPARATORS = (",", ";", "\t", "|")
FALLBACK = "cp1252"
"""What Windows writes where it writes no UTF-8; a superset of Latin-1's letters."""
CHUNK = 1 << 20


def find_encoding(path: Path) -> str:
    """Return a text file's encoding: by its byte order mark, UTF-8 if it is that, else `FALLBACK`.

    Raises OSError.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        start = file.read(CHUNK)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        try:
            while start:
                decoder.decode(start)
                start = file.read(CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return FALLBACK
    return "utf-8-sig"


def find_separator(header: str, needed: Iterable[str]) -> str:
    """Return the separator with which a header has all the columns needed, a comma if none does."""
    for separator in SEPARATORS:
        names = next(csv.reader([header], delimiter=separator), [])
        if set(needed) <= {name.strip() for name in names}:
            return separator
    return SEPARATORS[0]
