"""Markdown tables, and text that stands in them as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A pipe table; the cells are Markdown already."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def code(text: str) -> str:
    """As code in a cell; "" stays empty."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def plain(text: str) -> str:
    """Prose in which no character is Markdown's or HTML's. Line breaks become spaces."""
    for character in "\\`*_{}[]<>#|$":
        text = text.replace(character, ENTITIES[character])
    return " ".join(text.split())


def paragraphs(docstring: str) -> str:
    """A docstring's paragraphs as prose; indented ones as code."""
    parts = []
    for part in docstring.split("\n\n"):
        is_code = part.startswith("    ") or part.startswith("\n    ")
        parts.append(part if is_code else plain(part))
    return "\n\n".join(parts) + "\n"


ENTITIES = {character: f"&#{ord(character)};" for character in "\\`*_{}[]<>#|$"}
