"""By onnxruntime it passes the checks of any detector too; by torch it does in tests/testing."""

from __future__ import annotations

from collections.abc import Callable

from ferkit.testing import parametrize_with_checks


@parametrize_with_checks("ferkit_mtcnn", options={"detector.mtcnn": {"runtime": "onnx"}})
def test_conformance(check: Callable[[], None]) -> None:
    check()
