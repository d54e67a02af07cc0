from __future__ import annotations

import pytest
from ferkit_mtcnn.onnx_runtime import OnnxRuntime
from ferkit_mtcnn.runtime import Runtime
from ferkit_mtcnn.torch_runtime import TorchRuntime


@pytest.fixture(scope="session", params=[TorchRuntime, OnnxRuntime])
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """Each of the two, in turn."""
    made: Runtime = request.param("cpu")
    return made
