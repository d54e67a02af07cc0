"""Decisions have one form, their index is complete, and the files that they name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documentation.blocks import ROOT

FOLDER = ROOT / "docs" / "decisions"
DECISIONS = sorted(FOLDER.glob("0*.md"))
ARCHITECTURE = ROOT / "docs" / "architecture.md"
NAMED = re.compile(r"`([\w.]+(?:/[\w.]+)+\.(?:py|md|html|toml))`")
PLACES = (ROOT, ROOT / "ferkit", ROOT / "ferkit" / "evaluation")
"""Folders to which the pages' paths are relative."""


def missing_files(page: Path) -> list[str]:
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    return [path for path in named if not any((place / path).is_file() for place in PLACES)]


def test_the_index_lists_every_decision_with_its_number_and_title() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \| \[(.+)\]\((.+)\) \|$", index, re.M)
    titles = [re.match(r"# (\d+)\. (.+)\n", path.read_text(encoding="utf-8")) for path in DECISIONS]
    assert listed == [
        (title[1], title[2], path.name) for title, path in zip(titles, DECISIONS, strict=True) if title
    ]
    assert [int(number) for number, _, _ in listed] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem[:4])
def test_a_decision_has_a_status_context_decision_and_consequences(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"Status: (accepted|superseded by \d{4})", lines[2])
    assert [line for line in lines if line.startswith("#")][1:] == [
        "## Context",
        "## Decision",
        "## Consequences",
    ]
    assert path.stem[:4] == f"{int(lines[0].split()[1].rstrip('.')):04d}"


@pytest.mark.parametrize("path", [*DECISIONS, ARCHITECTURE], ids=lambda path: path.stem[:12])
def test_the_files_that_a_page_names_exist(path: Path) -> None:
    assert missing_files(path) == []


def test_a_file_that_does_not_exist_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`ferkit/plugin.py`, `recipe/load.py`, `ferkit/nowhere.py`")
    assert missing_files(page) == ["ferkit/nowhere.py"]
