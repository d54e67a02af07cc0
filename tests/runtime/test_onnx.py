"""onnxruntime's sessions: where they compute; what they give is in predict/test_exporting.py."""

from __future__ import annotations

import pytest

from ferkit.runtime.onnx import choose_providers


@pytest.mark.parametrize(
    ("device", "has_gpu", "number"),
    [
        ("auto", True, 0),
        ("cuda", True, 0),
        ("cuda:1", True, 1),
        ("cpu", True, None),
        ("auto", False, None),
    ],
)
def test_the_gpu_that_was_named_goes_before_the_cpu(device: str, has_gpu: bool, number: int | None) -> None:
    *first, last = choose_providers(device, has_gpu)
    assert first == (
        [] if number is None else [("CUDAExecutionProvider", {"device_id": number, "use_tf32": 0})]
    )
    assert last == "CPUExecutionProvider"
