"""What the run expects of a detector beside its answers."""

from __future__ import annotations

import pytest

from ferkit.agreement import AgreedDetector
from ferkit.component import Component
from ferkit.errors import ComponentError


class NoVersion:
    """A detector whose detections could not be told from another's in the cache."""


def test_a_detector_without_a_version_is_laid_at_its_plugins_door() -> None:
    who = Component("detector", "nameless", "somewhere:NoVersion", "Has no version")
    with pytest.raises(ComponentError, match="expected an attribute version, a string, got None"):
        AgreedDetector(NoVersion(), who)  # type: ignore[arg-type]
