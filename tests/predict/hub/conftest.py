from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.predict.hub.fake_hub import FakeHub, serve


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """An empty Hub on loopback, and nobody is logged in."""
    with serve(monkeypatch, str(tmp_path / "hub")) as served:
        yield served
