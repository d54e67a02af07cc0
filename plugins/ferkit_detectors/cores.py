"""Number of cores for the detectors that run in onnxruntime."""

from __future__ import annotations

import os


def available_cores() -> int:
    """Return OMP_NUM_THREADS if it is set, as torch does, otherwise the cores that this process may use."""
    if (asked := os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()).isdecimal() and int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
