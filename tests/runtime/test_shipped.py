"""Recipes are found wherever pip put them."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from ferkit.runtime import shipped
from ferkit.runtime.shipped import shipped_recipes


@pytest.mark.parametrize("place", ["", "share/ferkit"])
def test_recipes_lie_beside_the_code_in_a_checkout_and_in_the_folder_of_a_target(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = tmp_path / place / "recipes"
    recipes.mkdir(parents=True)
    (recipes / "one.toml").touch()
    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "ferkit" / "shipped.py"))
    assert shipped_recipes() == {"one": recipes / "one.toml"}


def test_without_recipes_beside_the_code_those_of_the_environment_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = tmp_path / "prefix" / "share" / "ferkit" / "recipes"
    recipes.mkdir(parents=True)
    (recipes / "two.toml").touch()
    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "ferkit" / "shipped.py"))
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path / "prefix"))
    assert shipped_recipes() == {"two": recipes / "two.toml"}
