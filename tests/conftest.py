from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from uuid import uuid4

import pytest

Install = Callable[..., None]

collect_ignore = ["third_party"]  # a distribution of its own, with tests of its own


def pytest_configure() -> None:
    """Give tables the width of a pipe: pytest-xdist sets 80 columns for its workers."""
    os.environ.pop("COLUMNS", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out. Slow tests come first, so that no process ends with one."""
    for item in items:
        if item.originalname == "test_conformance":  # type: ignore[attr-defined]
            item.add_marker("conformance")
        if _starts_processes(item.function):  # type: ignore[attr-defined]
            item.add_marker("subprocess")
    items.sort(key=lambda item: "slow" not in item.keywords)


def _starts_processes(function: FunctionType) -> bool:
    """Whether a test, or a function of the tests that it calls, names the module subprocess."""
    seen, todo = set(), [function]
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        for name in _names(one.__code__):
            value = one.__globals__.get(name)
            if value is subprocess:
                return True
            if isinstance(value, FunctionType) and value.__module__.startswith("tests"):
                todo.append(value)
    return False


def _names(code: CodeType) -> set[str]:
    """All names that a function uses, its inner functions included."""
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return set(code.co_names).union(*map(_names, inner))


@pytest.fixture(autouse=True)
def no_modules_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a recipe of one test names is not seen by the next."""
    monkeypatch.setattr("ferkit.components.discovery.named_modules", [])


@pytest.fixture(autouse=True)
def no_hashes_of_other_tests(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Weights that a test uses first are not recorded for the user, nor for the next test."""
    folder = tmp_path_factory.getbasetemp() / f"hashes-{uuid4().hex}"
    monkeypatch.setattr("ferkit.components.weights.first_use.cache_dir", lambda subject: folder / subject)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution with one plugin where Python finds installed ones."""
    monkeypatch.syspath_prepend(str(tmp_path))
    modules: list[str] = []

    def put(module: str, code: str, distribution: str = "", version: str = "1.2") -> None:
        modules.append(module)
        name = distribution or module
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[ferkit]\n{module} = {module}\n")

    yield put
    for module in modules:
        sys.modules.pop(module, None)
