"""Recipes remembered as faultless: for as long as nothing has changed that the finding came from."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ferkit.components.component import Component
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.recipe import check_cache
from ferkit.recipe.check_cache import recall, remember

TABLE: dict[str, Any] = {"name": "small", "data": {"name": "folder"}, "model": {"initial": "weights.bin"}}
DATASETS = [("data", Part(name="folder", root="photographs"))]
LONG_AGO = 1_000_000_000


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that ferkit runs in, where a plugin and the weights that the recipe names lie."""
    monkeypatch.setattr(check_cache, "cache_dir", lambda subject: tmp_path / "cache" / subject)
    place = tmp_path / "place"
    (place / "pkg").mkdir(parents=True)
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "path", [*sys.path, str(place)])
    for name in ("pkg/head.py", "weights.bin"):
        write(place / name, "first")
    module = ModuleType("pkg.head")
    module.__file__ = str(place / "pkg" / "head.py")
    monkeypatch.setitem(sys.modules, "pkg.head", module)
    return place


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    os.utime(path, (LONG_AGO, LONG_AGO))


def offering(target: str = "pkg.head:Head", provider: str = "pkg 1.0") -> Registry:
    registry = Registry()
    registry.add([Component("head", "mine", target, "A head")], provider)
    return registry


def test_a_recipe_is_remembered_with_its_data_sets(place: Path) -> None:
    assert recall(TABLE, offering()) is None
    remember(TABLE, offering(), DATASETS)
    assert recall(TABLE, offering()) == DATASETS


@pytest.mark.parametrize(
    "change",
    [
        lambda place: write(place / "pkg" / "head.py", "other"),
        lambda place: write(place / "pkg" / "head" / "__init__.py", "hides head.py"),
        lambda place: (place / "pkg" / "head.py").unlink(),
        lambda place: write(place / "weights.bin", "other weights"),
        lambda place: (place / "pkg-1.0.dist-info").mkdir(),
        lambda place: write(place / "pkg.pth", "elsewhere"),
        lambda place: os.chdir(place / "pkg"),
        lambda place: sys.path.append("elsewhere"),
    ],
    ids=["source", "hidden", "removed", "weights", "installed", "pth", "folder", "path"],
)
def test_whatever_a_finding_came_from_makes_it_forgotten_when_it_changes(
    place: Path, change: Callable[[Path], object]
) -> None:
    remember(TABLE, offering(), DATASETS)
    change(place)
    assert recall(TABLE, offering()) is None


@pytest.mark.parametrize(
    ("table", "registry"),
    [
        ({**TABLE, "model": {"image_size": 96}}, offering()),
        (TABLE, offering(target="pkg.head:Other")),
        (TABLE, offering(provider="pkg 1.1")),
    ],
)
def test_another_recipe_or_other_plugins_are_not_known(
    place: Path, table: dict[str, Any], registry: Registry
) -> None:
    remember(TABLE, offering(), DATASETS)
    assert recall(table, registry) is None


def test_a_plugin_in_site_packages_is_known_by_its_content_too(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = place / "site-packages" / "pkg" / "head.py"
    write(installed, "first")
    monkeypatch.setattr(sys.modules["pkg.head"], "__file__", str(installed))
    remember(TABLE, offering(), DATASETS)
    write(installed, "mended by hand")
    assert recall(TABLE, offering()) is None


def test_a_file_changed_since_the_process_began_is_not_vouched_for(place: Path) -> None:
    (place / "pkg" / "head.py").write_text("written after it was imported")
    remember(TABLE, offering(), DATASETS)
    assert recall(TABLE, offering()) is None


def test_the_oldest_are_forgotten_first(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_cache, "KEPT", 2)
    tables = [{**TABLE, "name": name} for name in ("one", "two", "three")]
    for age, table in enumerate(tables):
        remember(table, offering(), DATASETS)
        for file in (place.parent / "cache" / "checked").iterdir():
            if file.stat().st_mtime > LONG_AGO + 100:
                os.utime(file, (LONG_AGO + age, LONG_AGO + age))
    assert [recall(table, offering()) is None for table in tables] == [True, False, False]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sources": {}, "datasets": [1]}'])
def test_a_broken_entry_is_no_entry(place: Path, text: str) -> None:
    remember(TABLE, offering(), DATASETS)
    (file,) = (place.parent / "cache" / "checked").iterdir()
    file.write_text(text)
    assert recall(TABLE, offering()) is None


def test_a_cache_that_can_not_be_written_is_gone_without(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "file").touch()
    monkeypatch.setattr(check_cache, "cache_dir", lambda subject: place / "file" / subject)
    remember(TABLE, offering(), DATASETS)
    assert recall(TABLE, offering()) is None


PLUGIN = """
    from ferkit.plugin import Component, hookimpl

    @hookimpl
    def ferkit_components():
        return [Component("estimator", "mine", "my_estimator:Mine", "An estimator")]
    """
ESTIMATOR = """
    class Mine:
        def __init__(self, labels, share: float = 0.5):
            if not 0 <= share <= LIMIT:
                raise ValueError(f"share: expected at most LIMIT, got {share}")
    """
CHECK = """
import sys
from ferkit.cli import main
sys.argv = ["ferkit", "check", "small.toml"]
try:
    main()
finally:
    print("my_estimator" in sys.modules)
"""


def test_a_recipe_is_tried_once_and_again_when_its_plugin_changes(tmp_path: Path) -> None:
    write(tmp_path / "my_plugin.py", textwrap.dedent(PLUGIN))
    write(tmp_path / "my_estimator.py", textwrap.dedent(ESTIMATOR).replace("LIMIT", "1"))
    for label in ("anger", "neutral"):
        write(tmp_path / "faces" / label / "1.png", "")
    recipe = ['name = "small"', 'plugins = ["my_plugin"]', 'estimator = { name = "mine" }']
    recipe.append('detector = { name = "whole_image" }')
    recipe.append('data = { name = "image_folder", root = "faces" }')
    (tmp_path / "small.toml").write_text("\n".join(recipe))
    assert check(tmp_path) == (0, "True", "")
    assert check(tmp_path) == (0, "False", "")
    write(tmp_path / "my_estimator.py", textwrap.dedent(ESTIMATOR).replace("LIMIT", "0.4"))
    status, _, told = check(tmp_path)
    assert status == 2
    assert "share: expected at most 0.4, got 0.5" in told
    write(tmp_path / "my_estimator.py", textwrap.dedent(ESTIMATOR).replace("LIMIT", "1"))
    os.rename(tmp_path / "faces", tmp_path / "moved")
    status, _, told = check(tmp_path)
    assert (status, "faces" in told) == (2, True)


def check(folder: Path) -> tuple[int, str, str]:
    """(status, whether the estimator was imported, what was told)."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-c", CHECK]
    answer = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return answer.returncode, answer.stdout.splitlines()[-1], answer.stderr
