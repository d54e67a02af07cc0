"""What was freed goes back to the system."""

from __future__ import annotations

import ctypes
import platform

import numpy as np
import psutil
import pytest

from ferkit.memory import give_back

SMALL, COUNT = 100_000, 2000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked to")
def test_what_lies_free_between_things_in_use_is_given_back() -> None:
    blocks = [np.ones(SMALL, dtype=np.uint8) for _ in range(COUNT)]
    full = psutil.Process().memory_info().rss
    in_use = blocks[::100]
    del blocks
    give_back()
    assert psutil.Process().memory_info().rss < full - SMALL * COUNT / 2
    assert len(in_use) == COUNT // 100


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    give_back()
