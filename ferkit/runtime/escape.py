"""Escape text that comes from elsewhere, for CSV and Markdown.

For terminals, see `ferkit.messages.printable`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ferkit.messages import printable

FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""Start of a cell that a spreadsheet may compute, or of one that is escaped already."""
ESCAPED = re.compile(r"'+[=+\-@\t\r]")
MARKUP = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("`"): "&#96;", ord("|"): "\\|"}
LINK = re.compile(r"\](?=[(\[:])")


def csv_cell(text: str) -> str:
    """Prepend an apostrophe to text that a spreadsheet would take for a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def from_csv_cell(text: str) -> str:
    """Undo `csv_cell`."""
    return text[1:] if ESCAPED.match(text) else text


def csv_row(cells: Iterable[Any]) -> list[Any]:
    """Escape the texts of a row; other values are numbers."""
    return [csv_cell(cell) if isinstance(cell, str) else cell for cell in cells]


def escape_markdown(text: str) -> str:
    """Escape text for a line of Markdown, also for a cell of a table: no HTML, code, link or line break."""
    return LINK.sub("&#93;", printable(text).translate(MARKUP))
