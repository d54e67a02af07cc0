"""The checks of a detector for runtime = "onnx". tests/testing checks runtime = "torch"."""

from __future__ import annotations

import pytest

from ferkit.testing import Check, CheckSkipped, find_checks

FOUND = find_checks("ferkit_detectors", {"detector.blazeface": {"runtime": "onnx", "network": "back"}})
CHECKS = [one for one in FOUND if str(one.subject) == "detector.blazeface"]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_conformance(check: Check) -> None:
    try:
        check()
    except CheckSkipped as reason:
        pytest.skip(str(reason))
