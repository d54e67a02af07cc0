"""Modules that a recipe names are installed or next to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ferkit.errors import RecipeError
from ferkit.recipe.load import load_recipe, read_parts
from tests.cli.test_table import ferkit
from tests.experiment.test_run import RECIPE

PLUGIN = "from tests.plugins_for_tests.tiny_plugin import ferkit_components\n"
MARKED = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n"


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe that names the module `beside`; the working directory is another folder."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "beside", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("recipes", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    file = tmp_path / "recipes" / "squares.toml"
    text = RECIPE.format(root=tmp_path / "images")
    file.write_text(text.replace("tests.plugins_for_tests.tiny_plugin", "beside"))
    return file


def test_a_module_next_to_the_recipe_is_imported(recipe: Path) -> None:
    (recipe.parent / "beside.py").write_text(PLUGIN)
    _, registry = load_recipe(str(recipe))
    assert registry.provider("backbone", "tiny") == "beside (named by the recipe)"
    assert read_parts(str(recipe))[1].provider("backbone", "tiny") == "beside (named by the recipe)"


def test_a_module_of_the_working_directory_is_named_and_not_run(recipe: Path) -> None:
    Path("beside.py").write_text(MARKED + PLUGIN)
    with pytest.raises(RecipeError, match=r"is in the working directory.*next to the recipe") as caught:
        load_recipe(str(recipe))
    assert "PYTHONPATH" in str(caught.value)
    assert not Path("ran").exists()


def test_a_module_that_is_nowhere_is_named_with_the_places(recipe: Path) -> None:
    with pytest.raises(RecipeError, match="Put beside next to the recipe") as caught:
        load_recipe(str(recipe))
    assert "working directory" not in str(caught.value)


def test_a_module_with_a_problem_of_its_own_keeps_its_own_hint(recipe: Path) -> None:
    (recipe.parent / "beside.py").write_text("import no_such_module_at_all\n")
    with pytest.raises(RecipeError, match="no_such_module_at_all") as caught:
        load_recipe(str(recipe))
    assert "next to the recipe" not in str(caught.value)


def test_a_file_next_to_the_recipe_never_takes_the_place_of_an_installed_module(recipe: Path) -> None:
    (recipe.parent / "beside.py").write_text(PLUGIN)
    (recipe.parent / "xmlrpc.py").write_text("raise SystemExit\n")
    load_recipe(str(recipe))
    import xmlrpc

    assert "recipes" not in str(xmlrpc.__file__)


def test_python_m_ferkit_imports_nothing_from_the_working_directory(recipe: Path) -> None:
    Path("beside.py").write_text(MARKED)
    Path("typer.py").write_text(MARKED)
    command = [sys.executable, "-m", "ferkit", "check", str(recipe)]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 2
    assert "beside" in made.stderr
    assert not Path("ran").exists()


@pytest.mark.slow
def test_a_run_with_a_module_next_to_its_recipe_is_resumed_like_any_other(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (recipe.parent / "beside.py").write_text(PLUGIN)
    command = ["run", str(recipe), "--set", "fit.epochs=1", "--set", "protocol.repeats=1", "--out", "run"]
    assert ferkit(monkeypatch, *command) == 0
    Path("run/summary.json").unlink()
    assert ferkit(monkeypatch, *command, "--resume") == 0
    assert Path("run/summary.json").exists()
