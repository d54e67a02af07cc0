"""Memory that is no longer used, and how the system gets it back."""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of mallopt, from glibc's malloc.h."""
KEPT = 256 << 20
LARGE = 32 << 20
"""Bytes; 32 MiB is the most that glibc's manual allows."""


def keep_freed() -> None:
    """Have what this process frees kept for what it needs next, where it can be (glibc): up to KEPT bytes at
    the end of its heap, and what lies free in the heaps of its threads.

    Otherwise a network's maps go back to the system after every image, and each of their pages is
    cleared and mapped anew for the next. `give_back` still gives back.
    """
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, LARGE)
        library.mallopt(M_TRIM_THRESHOLD, KEPT)


def give_back() -> None:
    """Give what was freed back to the system, where the C library can do that (glibc).

    Detection and the reading of weights leave holes of hundreds of megabytes in the heap. The large maps of
    training don't fit into these, and would come on top.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
