"""The processes that a launcher such as torchrun starts."""

from __future__ import annotations

import os

from ferkit.errors import RunError

SIZES = ("WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
"""Variables in which torchrun, accelerate and MPI name the number of processes."""


def refuse_several_processes() -> None:
    """Raises RunError if a launcher started several processes, which would write to one run folder."""
    for name in SIZES:
        if (size := os.environ.get(name, "")).isdecimal() and int(size) > 1:
            raise RunError(
                f"Cannot train in {size} processes ({name}={size}): ferkit trains in one process. Start it "
                "without torchrun, accelerate launch or mpirun."
            )
