"""Links, images and commands of the project's pages exist in the checkout."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import pytest
import typer

from ferkit.cli import app
from tests.documentation.blocks import ROOT, find_blocks
from tests.documentation.reader import check_command

FOLDERS = ("docs", "plugins", "benchmarks", "recipes", ".github")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *(path for one in FOLDERS for path in (ROOT / one).rglob("*.md"))]
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<(?:img|a)\b[^>]*?(?:src|href)=\"([^\"]+)\"")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.M | re.S)
COMMAND = re.compile(r"`(ferkit [^`]+)`")
OLDER = ("CHANGELOG.md",)
"""Pages that name commands of earlier versions."""


def find_links(text: str) -> list[str]:
    """Return the targets outside code that are no addresses."""
    found = [one or other for one, other in LINK.findall(CODE.sub("", text))]
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(text: str) -> set[str]:
    """Return the ids that GitHub gives to the headings of a page."""
    bare = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    titles = re.findall(r"^#+ (.+?) *$", bare, re.M)
    shown = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in titles]
    found = {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in shown}
    return found | set(re.findall(r'<a (?:id|name)="([^"]+)"', bare))


def broken_links(page: str, text: str) -> list[str]:
    """Return the links of a page whose file or heading does not exist."""
    folder = PurePosixPath(page).parent
    broken = []
    for link in find_links(text):
        path, _, anchor = link.partition("#")
        target = ROOT / os.path.normpath(folder / path) if path else ROOT / page
        if not target.exists() or not target.is_relative_to(ROOT):
            broken.append(link)
        elif anchor and target.suffix == ".md":
            content = text if not path else target.read_text(encoding="utf-8")
            broken += [link] if anchor not in anchors(content) else []
    return broken


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_image_of_a_page_resolves(page: str) -> None:
    assert broken_links(page, (ROOT / page).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[a](docs/site/index.md) [b](#a-heading)\n\n## A `heading`\n", []),
        ("[a](docs/site/nowhere.md)", ["docs/site/nowhere.md"]),
        ("![a](docs/nothing.png)", ["docs/nothing.png"]),
        ('<img src="docs/nothing.png" height="3">', ["docs/nothing.png"]),
        ("[a](CONTRIBUTING.md#no-such-heading)", ["CONTRIBUTING.md#no-such-heading"]),
        ("[a](../outside.md)", ["../outside.md"]),
        ("`[a](b.md)` and [c](https://example.org/d.md)", []),
    ],
)
def test_a_link_that_does_not_resolve_is_found(text: str, broken: list[str]) -> None:
    assert broken_links("README.md", text) == broken


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_can_be_parsed(page: str) -> None:
    for block in find_blocks(page, (ROOT / page).read_text(encoding="utf-8")):
        for command in block.commands:
            check_command(command)


def unknown_words(text: str) -> list[str]:
    """Return what `ferkit ...` in sentences names that the command line does not have."""
    bare = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    return [word for command in COMMAND.findall(bare) for word in _unknown(command)]


def _unknown(command: str) -> Iterator[str]:
    words = command.split()[1:]
    one: Any = typer.main.get_command(app)
    while words and (inner := getattr(one, "commands", {})) and re.fullmatch("[a-z][a-z-]*", words[0]):
        if words[0] not in inner:
            yield f"{command}: {words[0]}"
            return
        one = inner[words.pop(0)]
    known = {"--help", *(option for each in one.params for option in (*each.opts, *each.secondary_opts))}
    yield from (f"{command}: {word}" for word in words if word[0] == "-" and word not in {*known, "-"})


@pytest.mark.parametrize("page", [page for page in PAGES if page not in OLDER])
def test_every_command_that_a_sentence_names_exists(page: str) -> None:
    assert unknown_words((ROOT / page).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("Run `ferkit check a.toml --nonsense`.", ["ferkit check a.toml --nonsense: --nonsense"]),
        ("Run `ferkit chekc a.toml`.", ["ferkit chekc a.toml: chekc"]),
        ("Run `ferkit plugins shows linear`.", ["ferkit plugins shows linear: shows"]),
        ("`ferkit run NAME --resume`, `ferkit run`, `ferkit plugins new NAME --kind KIND`", []),
    ],
)
def test_a_command_that_does_not_exist_is_found(text: str, unknown: list[str]) -> None:
    assert unknown_words(text) == unknown
