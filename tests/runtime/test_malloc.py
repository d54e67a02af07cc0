"""What was freed is kept for what comes next, or goes back to the system."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import numpy as np
import psutil
import pytest

from ferkit.runtime.malloc import give_back, keep_freed

SMALL, COUNT = 100_000, 2000


PAGES_ASKED_FOR = """
import resource
import numpy as np
from ferkit.runtime.malloc import give_back, keep_freed

{first}
for _ in range(4):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    maps = [np.ones(20 << 20, np.uint8) for _ in range(3)]
    del maps
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked to")


def pages_asked_for(first: str) -> int:
    """For maps of 60 MB, the fourth time that they are made and freed, in a process that begins so."""
    command = [sys.executable, "-c", PAGES_ASKED_FOR.format(first=first)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@needs_glibc
def test_what_was_freed_is_used_again_instead_of_asking_the_system() -> None:
    assert pages_asked_for("keep_freed()") < pages_asked_for("") / 4


@needs_glibc
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
    keep_freed()
