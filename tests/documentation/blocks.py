"""The blocks of code of a Markdown page, with the marks before them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from docs.hooks.borrowed import BORROWED

ROOT = Path(__file__).parent.parent.parent
SITE = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "site").glob("*.md"))
"""Written pages of the site; docs/site/reference is generated."""
MEASURED = ("benchmarks/RESULTS.md", "benchmarks/OTHER.md")
"""Pages of measurements. Their commands are only parsed."""
PAGES = ("README.md", *sorted(BORROWED.keys() - set(MEASURED)), *SITE)
"""Pages with blocks that the tests run."""

FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.M | re.S)
MARK = re.compile(r"<!-- (?:not run: (.+?)|exits with (\d+)) -->\n$")
NAMED = re.compile(r"# ([\w./-]+\.\w+)\n")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        page: Path of its page from the project's root.
        line: Its first line in the page.
        language: The word after the fence, or "".
        text: The lines between the fences.
        file: The file that the block is written to, or "".
        reason: The reason for not running it, or "".
        status: The exit status of its commands.
    """

    page: str
    line: int
    language: str
    text: str
    file: str = ""
    reason: str = ""
    status: int = 0

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        lines = self.text.splitlines()
        return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def read_blocks(page: str) -> list[Block]:
    return find_blocks(page, (ROOT / page).read_text(encoding="utf-8"))


def find_blocks(page: str, text: str) -> list[Block]:
    found = []
    for one in FENCE.finditer(text):
        language, title, body = one.groups()
        before = text[: one.start()]
        mark = MARK.search(before)
        reason, status = mark.groups() if mark else ("", None)
        named = NAMED.match(body) if language == "python" else None
        found.append(
            Block(
                page,
                before.count("\n") + 1,
                language,
                body,
                title or (named[1] if named else ""),
                reason or "",
                int(status or 0),
            )
        )
    return found
