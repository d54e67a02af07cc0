"""Malformed recipes: each is a Recipe or an error that names a key."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from ferkit.components import discovery
from ferkit.data import manifest
from ferkit.errors import ComponentError, DataError, Problem, RecipeError
from ferkit.recipe import dry_run
from ferkit.recipe.load import load_recipe, load_table
from tests.campaign.campaign import ROOT, Campaign, damage
from tests.campaign.conftest import Start
from tests.campaign.tables import base_tables, spoiled
from tests.experiment.test_run import RECIPE

TABLES = 52_000
TEXTS = 5_000
DRY_RUNS = 50
"""One in DRY_RUNS recipes gets a dry run of its network, which is slow."""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("FERKIT_DATA", str(tmp_path / "data"))
    installed = discovery._installed()  # the same for every table, and half the time
    monkeypatch.setattr(discovery, "_installed", lambda: installed)
    monkeypatch.setattr(manifest, "read_listing", cache(manifest.read_listing))  # half of the rest


def explore(campaign: Campaign, count: int) -> settings:
    """hypothesis only draws: every fault is kept, and the shortest is shown."""
    return settings(
        max_examples=len(campaign.scaled(count)),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def find_nameless(table: dict[str, Any]) -> list[str]:
    """Load a table. Return the messages that name no key."""
    try:
        load_table("spoiled", table)
    except RecipeError as error:
        named = [(one.where and one.message) or "has no key ''" in one.message for one in error.problems]
        return [] if named and all(named) else [str(error)]
    except (ComponentError, DataError) as error:
        return [] if str(error) else [repr(error)]
    return []


def test_a_malformed_table_is_a_recipe_or_an_error_with_keys(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = start("malformed recipes")
    try_network = dry_run.try_network

    def try_some(*given: Any, **options: Any) -> Any:
        return [] if campaign.tried % DRY_RUNS else try_network(*given, **options)

    monkeypatch.setattr(dry_run, "try_network", try_some)

    @seed(campaign.seed)
    @explore(campaign, TABLES)
    @given(spoiled(base_tables(tmp_path)))
    def run(table: dict[str, Any]) -> None:
        with campaign.trial(_Shown(table)):
            assert find_nameless(table) == []

    run()
    campaign.check()


class _Shown:
    """A table, written only if it is shown: it may be too deep."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.table = table

    def __str__(self) -> str:
        with contextlib.suppress(RecursionError, ValueError):
            return repr(self.table)
        return f"a table too deep or with numbers too long to show, keys: {list(self.table)}"


def test_a_damaged_file_is_a_recipe_or_an_error(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = start("damaged recipe files")
    monkeypatch.setattr(dry_run, "try_network", lambda *_, **__: [])
    whole = RECIPE.format(root=tmp_path / "images").encode()
    odd = [b"a = " + b"[" * 100_000, b"a = " + b"9" * 10_000, b"[" + b"a." * 10_000 + b"b]", b"\xff\xfea\0"]
    drawn = (damage(whole, campaign.random) for _ in campaign.scaled(TEXTS))
    file = tmp_path / "recipe.toml"
    for text in (*odd, *drawn):
        file.write_bytes(text)
        with campaign.trial(text[:3000], RecipeError, ComponentError, DataError):
            load_recipe(str(file))
    campaign.check()


def test_the_tables_are_valid_before_they_are_spoiled(tmp_path: Path) -> None:
    """Without this, every table could fail at the same key."""
    for table in base_tables(tmp_path):
        problems: Sequence[Problem] = ()
        try:
            load_table("whole", table)
        except RecipeError as error:
            problems = error.problems
        assert [one for one in problems if str(tmp_path / "data") not in one.message] == []
