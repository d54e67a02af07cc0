"""What `make build` checks in a wheel and an sdist."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[1] / ".ci" / "check_dist.py"
TRACKED = {"ferkit/__init__.py", "plugins/ferkit_heads/__init__.py", "recipes/one.toml"}
WHEEL = {"ferkit/__init__.py", "ferkit_heads/__init__.py", "ferkit_recipes/one.toml", "f.dist-info/RECORD"}


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, for a checkout of three files."""
    spec = importlib.util.spec_from_file_location("check_dist", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "tracked", lambda: TRACKED)
    monkeypatch.setattr(module, "REQUIRED", ("ferkit_recipes/*.toml",))
    return module


def test_a_wheel_with_the_tracked_files_has_no_problem(check: ModuleType) -> None:
    assert check.check_wheel(WHEEL) == []


def test_a_wheel_without_a_tracked_file_is_incomplete(check: ModuleType) -> None:
    assert check.check_wheel(WHEEL - {"ferkit_heads/__init__.py"}) == ["wheel lacks ferkit_heads/__init__.py"]


def test_a_wheel_needs_recipes_whatever_the_checkout_has(
    check: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "tracked", lambda: {"ferkit/__init__.py"})
    assert check.check_wheel({"ferkit/__init__.py"}) == ["wheel lacks ferkit_recipes/*.toml"]


@pytest.mark.parametrize("name", ["tests/test_a.py", "ferkit/face.PNG"])
def test_tests_and_images_are_not_published(check: ModuleType, name: str) -> None:
    rest = f"has {name}, which may not be published"
    assert f"wheel {rest}" in check.check_wheel(WHEEL | {name})
    assert check.check_sdist(TRACKED | set(check.SOURCES) | {name}) == [f"sdist {rest}"]


def test_an_sdist_without_its_sources_is_incomplete(check: ModuleType) -> None:
    packed = (TRACKED | set(check.SOURCES)) - {"setup.py"}
    assert check.check_sdist(packed) == ["sdist lacks setup.py"]


def test_the_citation_has_the_version_of_the_wheel(check: ModuleType) -> None:
    from ferkit.version import __version__

    assert check.check_version(f"ferkit-{__version__}-py3-none-any.whl") == []
    assert check.check_version("ferkit-99.0-py3-none-any.whl") == [
        "CITATION.cff lacks the line 'version: 99.0'"
    ]
