from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_modules_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a recipe of one test names is not seen by the next."""
    monkeypatch.setattr("ferkit.discovery.named_modules", [])


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test checks its recipes anew: what it replaces in ferkit is no file that was read."""
    monkeypatch.setattr("ferkit.loading.recall", lambda *_: None)
    monkeypatch.setattr("ferkit.loading.remember", lambda *_: None)
