from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from starlette.testclient import TestClient

from ferkit.predict.predictor import Predictor
from ferkit.serve.app import create_app
from ferkit.serve.limits import Limits
from tests.cli.conftest import ferkit as ferkit
from tests.predict.drawn import PLUGIN, write_model

Connect = Callable[..., TestClient]


@pytest.fixture(scope="session")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """A model that looks at red spots. At most 3 faces of an image are classified."""
    file = write_model(tmp_path_factory.mktemp("model") / "spots.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ferkit.components.discovery.named_modules", [PLUGIN])
        return Predictor(file, most_faces=3, batch_size=4)


@pytest.fixture
def connect(predictor: Predictor) -> Iterator[Connect]:
    """Start a server in this process, with other limits or options."""
    with ExitStack() as stack:

        def call(model: Path | str | None = None, headers: Any = None, **options: Any) -> TestClient:
            names = {name for name in options if name in Limits.__slots__}
            limits = Limits(**{"faces": 2, **{name: options.pop(name) for name in names}})
            app = create_app(predictor, model, limits, **options)
            return stack.enter_context(TestClient(app, headers=headers))

        yield call


@pytest.fixture
def client(connect: Connect) -> TestClient:
    return connect()
