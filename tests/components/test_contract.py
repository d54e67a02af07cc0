"""What the run expects of a detector beside its answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from ferkit.components import contract
from ferkit.components.component import Component
from ferkit.components.contract import AgreedDetector
from ferkit.errors import ComponentError
from ferkit.interfaces import Detections


class NoVersion:
    """A detector whose detections could not be told from another's in the cache."""


def test_a_detector_without_a_version_is_laid_at_its_plugins_door() -> None:
    who = Component("detector", "nameless", "somewhere:NoVersion", "Has no version")
    with pytest.raises(ComponentError, match="expected an attribute version, a string, got None"):
        AgreedDetector(NoVersion(), who)  # type: ignore[arg-type]


def test_a_detector_multiplies_exactly_whatever_plugin_it_is_of(monkeypatch: pytest.MonkeyPatch) -> None:
    is_exact = [False]

    @contextmanager
    def exactly() -> Iterator[None]:
        is_exact[0] = True
        yield
        is_exact[0] = False

    class Watching:
        version = "1"

        def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
            assert is_exact[0]
            nothing = np.zeros((0, 4), np.float32)
            return [Detections(nothing, nothing[:, 0], np.zeros((0, 5, 2), np.float32)) for _ in images]

    monkeypatch.setattr(contract, "exact_float32", exactly)
    who = Component("detector", "watching", "somewhere:Watching", "Looks at how it is called")
    assert len(AgreedDetector(Watching(), who)([np.zeros((9, 9, 3), np.uint8)])) == 1
    assert not is_exact[0]
