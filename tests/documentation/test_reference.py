"""The reference pages are complete, and equal to what the code generates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ferkit.plugin
import ferkit.predict
import ferkit.testing
from docs.hooks.checks import checks_reference
from docs.hooks.commands import commands
from docs.hooks.docstrings import read_docstring
from docs.hooks.recipes import keys_of, recipe_reference, sections
from docs.hooks.reference import PAGES, make_page
from docs.hooks.tables import plain
from ferkit import errors
from ferkit.components.component import KINDS
from ferkit.components.discovery import load_plugins
from ferkit.components.part import Part, Section
from ferkit.components.provider import is_own
from ferkit.recipe.schema import Recipe
from ferkit.runtime.shipped import shipped_recipes
from ferkit.testing.check import CHECKS_BY_KIND
from ferkit.testing.suite import load_checks
from ferkit.version import __version__
from tests.documentation.blocks import ROOT


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_what_the_code_says(name: str) -> None:
    written = (ROOT / "docs" / "site" / "reference" / name).read_text(encoding="utf-8")
    assert written == make_page(name), f"docs/site/reference/{name} is out of date: run `make reference`"


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_names_no_machine_and_no_version(name: str) -> None:
    text = make_page(name)
    found = re.findall(rf"{re.escape(str(ROOT))}|{re.escape(str(Path.home()))}/| object at 0x", text)
    assert found == []
    assert f"ferkit {__version__}" not in text


def test_every_public_name_is_on_a_page() -> None:
    modules = ((ferkit.plugin, "plugin.md"), (ferkit.predict, "predict.md"), (ferkit.testing, "testing.md"))
    for module, name in modules:
        shown = headings(name)
        assert [one for one in module.__all__ if f"`{one}`" not in shown and not one.endswith("Error")] == []
    own = [one for one, value in vars(errors).items() if getattr(value, "__module__", "") == "ferkit.errors"]
    assert [one for one in own if f"`{one}`" not in headings("errors.md")] == []


def headings(page: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", make_page(page), re.M)


def test_every_built_in_component_has_a_heading() -> None:
    shown = headings("components.md")
    own = [one.component for one in load_plugins().entries() if is_own(one.provider)]
    assert [str(one) for one in own if f"{one.kind} `{one.name}`" not in shown] == []


def test_every_command_has_a_heading_and_all_of_its_options() -> None:
    parts = {part.partition("\n")[0]: part for part in make_page("commands.md").split("\n## ")}
    for words, command in commands():
        place = parts[" ".join(("ferkit", *words))]
        options = [one.opts for one in command.params if one.opts[0].startswith("-")]
        assert [one for one in options if f"`{', '.join(one)}`" not in place] == [], words


def test_every_key_of_a_recipe_has_a_place_and_every_place_is_a_key() -> None:
    shown = re.findall(r"^\| `(\w+)` \|", recipe_reference(), re.M)
    keys = [name for _, models in sections(Recipe, "") for model in models for name in keys_of(model)]
    assert shown == keys + sorted(shipped_recipes())


def test_every_key_of_a_recipe_is_explained_in_its_tables_docstring() -> None:
    for where, models in sections(Recipe, ""):
        for model in models:
            own = [one for one in model.__mro__ if issubclass(one, Section | Part)]
            text = " ".join(one.__doc__ or "" for one in own)
            keys = set(keys_of(model)) - ({"name"} if where else set())
            assert [key for key in keys if not re.search(rf"\b{key}\b", text)] == [], model


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_shows_every_check_of_a_kind(kind: str) -> None:
    load_checks()
    shown = checks_reference()
    assert [one.__name__ for one in CHECKS_BY_KIND[kind] if f"| `{one.__name__}` |" not in shown] == []
    assert f"\n## {kind}\n" in shown
    text = (ROOT / "docs" / "site" / "plugin-kinds.md").read_text(encoding="utf-8")
    assert f"(reference/checks.md#{kind})" in text


def test_prose_keeps_its_characters() -> None:
    assert plain("a_b _c <d> | `d_e`\n f") == "a_b &#95;c &#60;d> &#124; `d_e` f"
    assert plain("# [a](b) -> {c}, [d] {#e}") == "&#35; [a&#93;(b) -> {c}, [d] &#123;#e}"


def test_a_docstring_of_names_before_colons_becomes_prose() -> None:
    read = read_docstring("First.\n\n    x = 1\n\nrate, size (odd): both. other: no.", ["rate", "size"])
    assert read.prose == "First.\n\n    x = 1\n\n**rate, size (odd):** both. other: no."
    assert read.items == {}


def test_a_list_in_a_docstring_remains_a_list() -> None:
    read = read_docstring("Two attributes:\n\n- `root`: a path\n  of images\n- `left_out`: a count")
    assert read.prose == "Two attributes:\n\n- `root`: a path of images\n- `left_out`: a count"


def test_a_docstring_in_googles_style_becomes_descriptions() -> None:
    read = read_docstring(
        """Scale an image.

        Args:
            rate: A factor, above 0.
                The default is 1.
            side (int): Pixels.

        Returns:
            An image.

        Raises:
            DataError: For no image.
        """
    )
    assert read.items == {"rate": "A factor, above 0. The default is 1.", "side": "Pixels."}
    assert (
        read.prose
        == "Scale an image.\n\n**Returns:** An image.\n\n**Raises:**\n\n- `DataError`: For no image."
    )
