"""Memory that is no longer used, and how the system gets it back."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Give what was freed back to the system, where the C library can do that (glibc).

    Detection and the reading of weights leave holes of hundreds of megabytes in the heap. The large maps of
    training don't fit into these, and would come on top.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
