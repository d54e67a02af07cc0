"""The function of a Ray task. This module is light, so that the task sets its threads before torch starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


def train_on_ray(
    environment: Mapping[str, str],
    search_path: Sequence[str],
    directory: str,
    job: tuple[bytes, Path, str],
) -> str | None:
    """Train a part in this process. Return the message of an error, or None.

    Args:
        environment: Environment variables, with OMP_NUM_THREADS.
        search_path: Folders with plugins, appended to Python's path.
        directory: Working directory of the driver, from which relative paths of the recipe start.
        job: The values of a `PartJob`.
    """
    os.environ.update(environment)
    sys.path.extend(one for one in search_path if one not in sys.path)
    with suppress(OSError):  # only recipes with relative paths need it
        os.chdir(directory)

    import torch

    from ferkit.experiment.parts.worker import PartJob, train_in_worker

    torch.set_num_threads(int(environment["OMP_NUM_THREADS"]))
    return train_in_worker(PartJob(*job))


def sees(marker: Path) -> bool:
    """Return True if a node sees a file of the driver."""
    return marker.exists()
