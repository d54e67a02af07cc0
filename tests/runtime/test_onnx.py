"""onnxruntime's sessions: where they compute; what they give is in predict/test_exporting.py."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from ferkit.errors import RunError
from ferkit.runtime.onnx import choose_providers, open_early, open_session
from ferkit.runtime.shipped import MODELS

GRAPH = MODELS / "default.onnx"


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


def test_a_session_that_was_opened_early_is_taken_once() -> None:
    open_early(GRAPH, "cpu", 1)
    first, second = (open_session(GRAPH, "cpu", 1) for _ in range(2))
    assert first.get_providers() == second.get_providers() == ["CPUExecutionProvider"]
    assert first is not second
    assert open_session(GRAPH, "cpu", 1) is not second


def test_a_session_that_is_still_being_opened_can_be_pickled() -> None:
    session = open_session(GRAPH, "cpu", 1)
    faces = np.zeros((1, 3, 112, 112), np.float32)
    name = session.get_inputs()[0].name
    answers = [one.run(None, {name: faces})[0] for one in (session, pickle.loads(pickle.dumps(session)))]
    np.testing.assert_array_equal(*answers)


def test_a_model_that_onnxruntime_cannot_run_is_named_at_its_first_use(tmp_path: Path) -> None:
    file = tmp_path / "unknown.onnx"
    file.write_bytes(b"\x08\x09")  # a model of version 9 without a graph
    session = open_session(file, "cpu")
    with pytest.raises(RunError, match=r"unknown\.onnx is no ONNX file"):
        session.get_inputs()
