"""Number of processes that prepare batches."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import torch

from ferkit.neural.options import Fit

MOST = 8
"""Largest number that "auto" selects."""
WAITING = 3
"""Batches of a worker in shared memory: two that torch prepares in advance, and one in use."""
SHARED_MEMORY = Path("/dev/shm")


def choose_workers(fit: Fit, side: int, has_image_steps: bool) -> int:
    """Return `fit.workers`. "auto" selects processes where a GPU would wait for augmentation on the CPU.

    Args:
        fit: The section `[fit]`.
        side: Width and height of the images, in pixels.
        has_image_steps: True if `[[augment]]` transforms images on the CPU.
    """
    if fit.workers != "auto":
        return fit.workers
    if fit.device == "cpu" or not torch.cuda.is_available() or not has_image_steps:
        return 0
    return max(0, min(_count_cores() - 1, MOST, _fitting(fit.batch_size * 3 * side**2 * 4)))


def _count_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _fitting(batch: int) -> int:
    """Return the number of workers whose batches, in bytes, fit into shared memory.

    Containers have little of it.
    """
    if not SHARED_MEMORY.is_dir():
        return MOST
    return shutil.disk_usage(SHARED_MEMORY).free // (WAITING * batch)
