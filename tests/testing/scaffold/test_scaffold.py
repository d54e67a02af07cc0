"""What `ferkit plugins new` writes, and what it refuses."""

from __future__ import annotations

import compileall
import tomllib
from pathlib import Path

import pytest

from ferkit.components.component import KINDS
from ferkit.errors import ComponentError
from ferkit.recipe.schema import Recipe
from ferkit.testing.scaffold import RECIPES, write_package


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_has_all_that_a_package_needs(tmp_path: Path, kind: str) -> None:
    package = write_package("of_a_test", kind, tmp_path)
    assert package == tmp_path / "ferkit-of-a-test"
    assert {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()} == {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        ".gitignore",
        ".github/workflows/test.yml",
        "ferkit_of_a_test/__init__.py",
        "ferkit_of_a_test/py.typed",
        f"ferkit_of_a_test/{kind}.py",
        "tests/test_conformance.py",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_python_and_toml(tmp_path: Path, kind: str) -> None:
    package = write_package("of_a_test", kind, tmp_path)
    assert compileall.compile_dir(package, quiet=2)
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["ferkit"] == {"of_a_test": "ferkit_of_a_test"}
    assert "$" not in "".join(
        path.read_text() for path in package.rglob("*.*") if path.suffix in (".py", ".md")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_recipe_of_its_readme_has_keys_that_recipes_have(kind: str) -> None:
    table = tomllib.loads(RECIPES[kind])
    assert set(table) <= set(Recipe.model_fields)
    assert "NAME" in RECIPES[kind]


@pytest.mark.parametrize(
    ("name", "kind", "problem"),
    [
        ("of_a_test", "haed", r"no kind of component is called 'haed'. Did you mean 'head'\?"),
        ("Max-Pool", "head", "'Max-Pool' is not a valid name: .*e.g. 'max_pool'"),
        ("7up", "head", "'7up' is not a valid name: .*e.g. 'up'"),
        ("a__b", "head", "not a valid name: .*e.g. 'a_b'"),
        ("class", "head", "'class' is not a valid name: .* no keyword of Python$"),
        ("", "head", "'' is not a valid name"),
        ("../up", "head", "not a valid name"),
        ("ferkit_gem", "head", "'ferkit_gem': .* the prefix ferkit_ .*Use 'gem'"),
        ("heads", "head", "a package ferkit_heads is installed already"),
        ("detectors", "head", "a package ferkit_detectors is installed already"),
        ("linear", "head", "head 'linear' is already provided by ferkit_heads"),
    ],
)
def test_a_name_or_kind_that_cannot_be_is_refused(tmp_path: Path, name: str, kind: str, problem: str) -> None:
    with pytest.raises(ComponentError, match=problem):
        write_package(name, kind, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ferkit-gem").mkdir()
    with pytest.raises(ComponentError, match="ferkit-gem exists already"):
        write_package("gem", "head", tmp_path)
    assert list((tmp_path / "ferkit-gem").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ComponentError, match=r"Cannot write .*ferkit-gem"):
        write_package("gem", "head", tmp_path / "file")
