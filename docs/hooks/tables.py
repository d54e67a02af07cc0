"""Markdown tables, and docstrings as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

SPECIAL = {ord(character): f"&#{ord(character)};" for character in "\\*_{}[]<>#|$&"}


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A pipe table; the cells are Markdown already."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def code(text: str) -> str:
    """As code in a cell; "" stays empty."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def plain(text: str) -> str:
    """Prose on one line, in which only `code` means anything to Markdown."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:
        return "&#96;".join(part.translate(SPECIAL) for part in parts)
    return "`".join(part if place % 2 else part.translate(SPECIAL) for place, part in enumerate(parts))


def paragraphs(docstring: str, names: Iterable[str] = ()) -> str:
    """A docstring's paragraphs as prose, indented ones as code; names: those that it explains."""
    parts = [part for part in docstring.split("\n\n") if part.strip()]
    return (
        "\n\n".join(part if part.startswith("    ") else _bold(plain(part), names) for part in parts) + "\n"
    )


def _bold(prose: str, names: Iterable[str]) -> str:
    """Where a name, or the last of several, stands before a colon."""
    known = "|".join(sorted((re.escape(name.translate(SPECIAL)) for name in names), key=len, reverse=True))
    pattern = rf"(?<![\w;&])((?:{known})(?:, (?:{known}))*(?: \([^()]*\))?:)(?= )"
    return re.sub(pattern, r"**\1**", prose) if known else prose
