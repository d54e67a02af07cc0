"""The function of a Ray task. This module is light, so that the task sets its threads before torch starts."""

from __future__ import annotations

import os
from pathlib import Path

from ferkit.runtime.ray_cluster import Surroundings, take_over


def train_on_ray(surroundings: Surroundings, job: tuple[bytes, Path, str]) -> str | None:
    """Train a part in this process. Return the message of an error, or None.

    Args:
        surroundings: Those of the driver, with OMP_NUM_THREADS.
        job: The values of a `PartJob`.
    """
    take_over(surroundings)

    import torch

    from ferkit.experiment.parts.worker import PartJob, train_in_worker

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    return train_in_worker(PartJob(*job))
