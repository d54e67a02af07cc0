"""The checks of a detector for runtime = "onnx". tests/testing checks runtime = "torch"."""

from __future__ import annotations

import pytest

from ferkit.testing import Check, CheckSkipped, find_checks

FOUND = find_checks("ferkit_detectors", {"detector.mtcnn": {"runtime": "onnx"}})
CHECKS = [one for one in FOUND if str(one.subject) == "detector.mtcnn"]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_conformance(check: Check) -> None:
    try:
        check()
    except CheckSkipped as reason:
        pytest.skip(str(reason))
