"""Markdown tables and escapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"[\\*<|$&]|^[>#]|\{(?=[:#.])|\](?=[(\[])|(?<!\w)_|_(?!\w)")
"""Characters that GitHub or mkdocs may read as markup where they are."""


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Format a pipe table. The cells are Markdown already; columns without any text are dropped."""
    filled = list(rows)
    kept = [place for place, _ in enumerate(columns) if any(row[place] for row in filled)]
    lines = [columns, ["---"] * len(columns), *filled]
    return "\n".join(f"| {' | '.join(cells[place] for place in kept)} |" for cells in lines) + "\n"


def code(text: str) -> str:
    """Format text as code in a cell; "" stays empty."""
    if "|" in text:  # GitHub and mkdocs read a pipe in backticks differently
        return f"<code>{escape(text)}</code>"
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """Escape prose, put it on one line and keep its `code`."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:
        return "&#96;".join(escape(part) for part in parts)
    return "`".join(part if place % 2 else escape(part) for place, part in enumerate(parts))


def escape(text: str) -> str:
    """Replace every character that Markdown may read as markup."""
    return SPECIAL.sub(lambda found: f"&#{ord(found[0])};", text)
