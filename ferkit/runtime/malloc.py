"""Freed memory: keep it for the process, or return it to the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt, from glibc's malloc.h."""
KEPT = 256 << 20
LARGE = 32 << 20
"""Bytes. 32 MiB is the maximum in glibc's manual."""


def keep_freed() -> None:
    """Keep freed memory for the process (glibc only): up to KEPT bytes of the heap, and the heaps of threads.

    Otherwise, the feature maps of a network return to the system after every image, which then clears and
    maps each page again. `give_back` still returns memory.
    """
    with suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, LARGE)
        library.mallopt(M_TRIM_THRESHOLD, KEPT)


def give_back() -> None:
    """Return freed memory to the system (glibc only).

    Detection and loading weights leave holes of hundreds of megabytes in the heap. The large feature maps of
    training do not fit into them, and would need additional memory.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
