"""Recipes, and the lists that they name, are found wherever ferkit_recipes can be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ferkit.runtime.shipped import (
    RECIPES as FOLDERS,
)
from ferkit.runtime.shipped import (
    SUFFIXES,
    bundled_recipe,
    read_template,
    shipped_files,
    shipped_recipes,
)

RECIPES = Path(__file__).parents[2] / "recipes"
INSTALLED_ELSEWHERE = """
import sys
sys.path.insert(0, sys.argv[1])
from ferkit.runtime.shipped import SUFFIXES, shipped_files
print(*(file for folder in SUFFIXES for file in shipped_files(folder).values()), sep="\\n")
"""


def test_a_checkout_has_the_recipes_at_its_top() -> None:
    assert shipped_recipes()["quickstart"] == RECIPES / "quickstart.toml"


@pytest.mark.parametrize("folder", SUFFIXES)
def test_every_file_of_a_folder_is_found_by_its_stem(folder: str) -> None:
    files = {path.stem: path for path in (RECIPES / folder).iterdir() if path.suffix == SUFFIXES[folder]}
    assert shipped_files(folder) == files
    assert files
    assert list(shipped_files(folder)) == sorted(files)


@pytest.mark.subprocess
def test_a_folder_on_the_path_is_enough_as_pip_install_target_leaves_it(tmp_path: Path) -> None:
    expected = []
    for folder, suffix in SUFFIXES.items():
        file = tmp_path / "ferkit_recipes" / folder / f"one{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        expected.append(str(file))
    (tmp_path / "ferkit_recipes" / "__init__.py").touch()
    command = [sys.executable, "-c", INSTALLED_ELSEWHERE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == expected


def test_a_template_is_a_table_and_no_recipe_that_could_be_run() -> None:
    assert read_template("folder") == {"data": {"name": "image_folder"}}
    assert shipped_recipes().keys().isdisjoint(shipped_files("templates"))


def test_a_measured_recipe_is_found_with_and_without_its_folder() -> None:
    file = RECIPES / "measured" / "sfew_inception_160.toml"
    assert bundled_recipe("sfew_inception_160") == bundled_recipe("measured/sfew_inception_160") == file
    assert bundled_recipe("tables/sfew") is None
    assert bundled_recipe("measured/quickstart") is None


def test_names_of_recipes_are_unique_over_their_folders() -> None:
    names = [name for folder in FOLDERS for name in shipped_files(folder)]
    assert sorted(names) == sorted(set(names)) == sorted(shipped_recipes())
