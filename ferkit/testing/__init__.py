"""Conformance checks for plugins.

    from ferkit.testing import parametrize_with_checks

    @parametrize_with_checks("ferkit_maxpool")
    def test_conformance(check):
        check()

Run the same checks from the command line: `ferkit plugins check ferkit_maxpool`.
"""

from __future__ import annotations

from ferkit.testing.check import Check, CheckFailed, CheckSkipped
from ferkit.testing.drawing import LABELS, draw_face, draw_faces, draw_folders
from ferkit.testing.outcome import Outcome, run_checks
from ferkit.testing.parametrize import parametrize_with_checks
from ferkit.testing.suite import find_checks

__all__ = [
    "LABELS",
    "Check",
    "CheckFailed",
    "CheckSkipped",
    "Outcome",
    "draw_face",
    "draw_faces",
    "draw_folders",
    "find_checks",
    "parametrize_with_checks",
    "run_checks",
]
