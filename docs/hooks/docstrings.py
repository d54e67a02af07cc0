"""Docstrings as Markdown, with the sections of Google's style."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from docs.hooks.tables import escape, plain

SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises|Example|Examples|Note|Notes):$")
ITEM = re.compile(r"^(\*{0,2}\w+)(?: \([^)]*\))?: +(.*)$")


@dataclass
class Docstring:
    """A docstring in parts.

    Attributes:
        prose: Markdown of everything outside Args and Attributes.
        items: Name of an argument or attribute -> its description as Markdown.
    """

    prose: str
    items: dict[str, str] = field(default_factory=dict)


def read_docstring(text: str, names: Iterable[str] = ()) -> Docstring:
    """Split a docstring into prose and the descriptions of its arguments.

    Args:
        text: The docstring, indented or not.
        names: Names that the prose may explain before a colon; they are set in bold.
    """
    found = Docstring("")
    parts: list[str] = []
    for part in inspect.cleandoc(text).split("\n\n"):
        lines = part.split("\n")
        section = SECTION.match(lines[0])
        if section and section[1] in ("Args", "Attributes"):
            found.items |= read_items(lines[1:])
        elif section:
            parts.append(_titled(section[1], lines[1:]))
        elif part.startswith("- "):
            parts.append("\n".join(f"- {plain(item)}" for item in re.split(r"^- ", part, flags=re.M)[1:]))
        elif part.strip():
            parts.append(part if part.startswith("    ") else _bold(plain(part), names))
    found.prose = "\n\n".join(parts)
    return found


def read_items(lines: Iterable[str]) -> dict[str, str]:
    """Read the lines `name: description`; deeper lines continue the one before."""
    found: dict[str, list[str]] = {}
    for line in inspect.cleandoc("\n" + "\n".join(lines)).split("\n"):
        item = ITEM.match(line)
        if item:
            found[item[1].lstrip("*")] = [item[2]]
        elif found:
            found[next(reversed(found))].append(line.strip())
    return {name: plain(" ".join(words)) for name, words in found.items()}


def _titled(title: str, lines: list[str]) -> str:
    """Return a section such as Returns as a paragraph, and Raises as a list."""
    if title == "Raises" and (items := read_items(lines)):
        return "**Raises:**\n\n" + "\n".join(f"- `{name}`: {text}" for name, text in items.items())
    if title.startswith("Example"):
        return f"**{title}:**\n\n" + "\n".join(lines)
    return f"**{title}:** {plain(' '.join(lines))}"


def _bold(prose: str, names: Iterable[str]) -> str:
    """Set a name, or several, in bold if a colon follows."""
    known = "|".join(sorted((re.escape(escape(name)) for name in names), key=len, reverse=True))
    pattern = rf"(?<![\w;&])((?:{known})(?:, (?:{known}))*(?: \([^()]*\))?:)(?= )"
    return re.sub(pattern, r"**\1**", prose) if known else prose
