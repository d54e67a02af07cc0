from __future__ import annotations

from pathlib import Path

import pytest

from tests.predict.drawn import PLUGIN, write_model


@pytest.fixture(autouse=True)
def plugins_of_the_tests(no_modules_of_other_tests: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a recipe of the user had named them: models may import them."""
    named = [PLUGIN, "tests.plugins_for_tests.tiny_plugin"]
    monkeypatch.setattr("ferkit.components.discovery.named_modules", named)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that looks at spots."""
    return write_model(tmp_path_factory.mktemp("model") / "spots.safetensors")
