from __future__ import annotations

import pytest
from ferkit_detectors.mtcnn.onnx_runtime import OnnxRuntime
from ferkit_detectors.mtcnn.runtime import Runtime
from ferkit_detectors.mtcnn.torch_runtime import TorchRuntime


@pytest.fixture(scope="session", params=[TorchRuntime, OnnxRuntime])
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """Each of the two, in turn."""
    made: Runtime = request.param("cpu")
    return made
