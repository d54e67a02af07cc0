"""The site builds without warnings, is complete, and needs no network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.hooks.borrowed import BORROWED, relink
from tests.documentation.blocks import ROOT
from tests.report.test_browser import CHROMIUM, FLAGS

pytestmark = pytest.mark.slow


def build(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config)]
    return subprocess.run(
        [*command, "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / "docs" / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stderr
    return folder


def page(site: Path, name: str) -> str:
    return (site / f"{name}.html").read_text(encoding="utf-8")


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    for one in pages:
        text = one.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)="([^"]+)"', text)
        assert [url for url in loaded if re.match(r"(https?:)?//", url)] == [], one.name
    sheets = "".join(one.read_text(encoding="utf-8") for one in site.rglob("*.css"))
    assert not re.findall(r"@import|url\(['\"]?(?:https?:)?//", sheets)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
def test_the_search_works_where_a_page_is_opened_from_a_folder(site: Path, tmp_path: Path) -> None:
    address = f"{(site / 'index.html').as_uri()}?q=inner_folds"
    flags = [f"--user-data-dir={tmp_path}", "--virtual-time-budget=8000", "--dump-dom"]
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS, *flags, address], capture_output=True, text=True, timeout=120, check=False
    )
    (found,) = re.findall(r'md-search-result__meta">([^<]*)<', done.stdout)
    assert re.fullmatch(r"[1-9]\d* matching documents", found)


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[a](there.md)\n\n[b](#nowhere)\n")
    text = (ROOT / "docs" / "mkdocs.yml").read_text(encoding="utf-8")
    config = "\n".join(part for part in text.split("\n\n") if part.startswith(("# The", "validation")))
    (tmp_path / "mkdocs.yml").write_text(config.replace("docs_dir: site", "docs_dir: docs"))
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0
    assert "there.md" in done.stderr
    assert "#nowhere" in done.stderr


@pytest.mark.parametrize(
    ("page", "written", "linked"),
    [
        ("data.md", "[rules](../evaluation.md#protocols)", "[rules](evaluation.md#protocols)"),
        ("evaluation.md", "[how](ambiguities.md)", "[how](ambiguities.md)"),
        ("evaluation.md", "[runs](site/tables.md#rows)", "[runs](tables.md#rows)"),
        ("reference/commands.md", "[a](../first-run.md)", "[a](../first-run.md)"),
        ("ambiguities.md", "[figures](../benchmarks/RESULTS.md)", "[figures](results.md)"),
        ("datasets.md", "[labels.py](labels.py)", "labels.py"),
        ("index.md", "[scripts](../../benchmarks)", "scripts (`benchmarks`)"),
        ("index.md", "[a](reference/recipes.md)", "[a](reference/recipes.md)"),
        ("index.md", "[a](https://example.org/b.md)", "[a](https://example.org/b.md)"),
        ("index.md", "[a](not_there.md)", "[a](not_there.md)"),
    ],
)
def test_links_between_files_become_links_between_pages(page: str, written: str, linked: str) -> None:
    assert relink(written, page) == linked


def test_every_borrowed_page_is_there() -> None:
    assert [source for source in BORROWED if not (ROOT / source).is_file()] == []
