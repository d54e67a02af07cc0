"""The checks of the detectors for runtime = "onnx". tests/testing checks runtime = "torch"."""

from __future__ import annotations

import pytest

from ferkit.testing import Check, CheckSkipped, find_checks

OPTIONS: dict[str, dict[str, object]] = {
    "detector.mtcnn": {"runtime": "onnx"},
    "detector.blazeface": {"runtime": "onnx", "network": "back"},
    "detector.blazeface_mtcnn": {"runtime": "onnx"},
}
CHECKS = [one for one in find_checks("ferkit_detectors", OPTIONS) if str(one.subject) in OPTIONS]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_conformance(check: Check) -> None:
    try:
        check()
    except CheckSkipped as reason:
        pytest.skip(str(reason))
