from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., None]

collect_ignore = ["third_party"]  # a distribution of its own, with tests of its own


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes first, so that no process is left with it when the other has nothing more to do."""
    items.sort(key=lambda item: "slow" not in item.keywords)


@pytest.fixture(autouse=True)
def no_modules_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a recipe of one test names is not seen by the next."""
    monkeypatch.setattr("ferkit.components.discovery.named_modules", [])


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
