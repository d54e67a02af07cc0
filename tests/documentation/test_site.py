"""The site: built with warnings as errors, complete, and in need of no network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ferkit.plugin
import ferkit.testing
from docs.hooks.borrowed import BORROWED, relink
from docs.hooks.checks import checks_table
from docs.hooks.commands import commands
from docs.hooks.recipes import recipe_reference, sections
from docs.hooks.tables import paragraphs, plain
from ferkit import errors
from ferkit.components.component import KINDS
from ferkit.components.discovery import load_plugins
from ferkit.components.part import Section
from ferkit.components.provider import is_own
from ferkit.recipe.schema import Recipe
from ferkit.runtime.shipped import shipped_recipes
from ferkit.testing.check import CHECKS_BY_KIND
from ferkit.testing.suite import load_checks
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


def test_every_public_name_is_on_a_page(site: Path) -> None:
    for module, name in ((ferkit.plugin, "plugin"), (ferkit.testing, "testing")):
        text = page(site, f"reference/{name}")
        names = [one for one in module.__all__ if not one.endswith("Error")]
        assert [one for one in names if f'id="{module.__name__}.{one}"' not in text] == []
    text = page(site, "reference/errors")
    own = [one for one, value in vars(errors).items() if getattr(value, "__module__", "") == "ferkit.errors"]
    assert [one for one in own if f'id="ferkit.errors.{one}"' not in text] == []


def test_every_component_of_ferkits_own_has_a_place(site: Path) -> None:
    text = page(site, "reference/components")
    own = [one.component for one in load_plugins().entries() if is_own(one.provider)]
    assert [str(one) for one in own if f'id="{one.kind}.{one.name}"' not in text] == []
    assert " object at 0x" not in text


def test_every_command_has_a_place_with_all_of_its_options(site: Path) -> None:
    parts = page(site, "reference/commands").split('<h2 id="')
    places = {part.partition('"')[0]: part for part in parts}
    for words, command in commands():
        place = places["-".join(("ferkit", *words))]
        options = [one.opts for one in command.params if one.opts[0].startswith("-")]
        assert [one for one in options if f"<code>{', '.join(one)}</code>" not in place] == [], words


def test_every_key_of_a_recipe_has_a_place_and_every_place_is_a_key() -> None:
    shown = re.findall(r"^\| `(\w+)` \|", recipe_reference(), re.M)
    keys = [name for _, models in sections(Recipe, "") for model in models for name in model.model_fields]
    assert shown == keys + sorted(shipped_recipes())


def test_every_key_of_a_recipe_is_explained_in_its_tables_docstring() -> None:
    for where, models in sections(Recipe, ""):
        for model in models:
            own = [one for one in model.__mro__ if issubclass(one, Section)]
            text = " ".join(one.__doc__ or "" for one in own)
            keys = set(model.model_fields) - ({"name"} if where else set())
            assert [key for key in keys if not re.search(rf"\b{key}\b", text)] == [], model


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_shows_every_check_that_a_kind_is_held_to(kind: str) -> None:
    load_checks()
    rooms = {one.__module__.split(".")[-1] for one in CHECKS_BY_KIND[kind]}
    shown = "".join(checks_table(room) for room in rooms)
    assert [one.__name__ for one in CHECKS_BY_KIND[kind] if f"`{one.__name__}`" not in shown] == []
    text = (ROOT / "docs" / "site" / "plugin-kinds.md").read_text(encoding="utf-8")
    assert all(f"<!-- checks: {room} -->" in text for room in rooms)


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


def test_a_docstring_stands_on_a_page_as_it_is_written() -> None:
    assert plain("a_b <c> | `d_e`\n f") == "a&#95;b &#60;c&#62; &#124; `d_e` f"
    told = paragraphs("First.\n\n    x = 1\n\nrate, size (odd): both. other: no.", ["rate", "size"])
    assert told == "First.\n\n    x = 1\n\n**rate, size (odd):** both. other: no.\n"
