from __future__ import annotations

from pathlib import Path

import pytest

from tests.predict.drawn import write_model


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that looks at spots."""
    return write_model(tmp_path_factory.mktemp("model") / "spots.safetensors")
