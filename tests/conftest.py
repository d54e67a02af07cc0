from __future__ import annotations

import pytest

collect_ignore = ["third_party"]  # a distribution of its own, with tests of its own


@pytest.fixture(autouse=True)
def no_modules_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a recipe of one test names is not seen by the next."""
    monkeypatch.setattr("ferkit.discovery.named_modules", [])
