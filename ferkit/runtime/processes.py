"""The processes of one training, which torchrun or accelerate launch started."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ferkit.errors import RunError

SIZES = ("WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
"""Variables in which torchrun, accelerate and MPI name the number of processes."""
NEEDED = ("RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""Variables of torchrun and accelerate launch that name a process and its main process."""
LAUNCH = "torchrun --nproc-per-node 2 -m ferkit run RECIPE"
PATIENCE = timedelta(days=30)
"""Time that the other processes wait for the main process, which may look for faces for hours."""


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes that train together.

    Attributes:
        index: Rank of this process, from 0. The main process has 0.
        count: Number of processes.
        local_count: Number of processes on this machine.
        waiting: The gloo group for messages of the main process. None in a single process.
    """

    index: int = 0
    count: int = 1
    local_count: int = 1
    waiting: Any = None


_joined = Processes()


def joined() -> Processes:
    """Return the processes that `join_processes` connected, or this process alone."""
    return _joined


def is_launched() -> bool:
    """Return True if torchrun or accelerate launch started this process as one of several."""
    return all(name in os.environ for name in NEEDED) and _read("WORLD_SIZE") > 1


def refuse_several_processes() -> None:
    """Raises RunError if a launcher started several processes that are not connected.

    They would write to one run folder.
    """
    if _joined.count > 1:
        return
    for name in SIZES:
        if (size := _read(name)) > 1:
            raise RunError(
                f"Cannot train in {size} processes ({name}={size}): only `ferkit run` and `ferkit finetune` "
                f"train in several, started by torchrun or accelerate launch. Use: {LAUNCH}"
            )


def join_processes() -> Processes:
    """Connect the processes of the launcher: gloo for CPU tensors and messages, NCCL for those of GPUs."""
    global _joined
    import torch
    from torch import distributed

    backend = "gloo"
    if torch.cuda.is_available():
        backend = "cpu:gloo,cuda:nccl"
        torch.cuda.set_device(_read("LOCAL_RANK") % torch.cuda.device_count())
    distributed.init_process_group(backend)
    waiting = distributed.new_group(backend="gloo", timeout=PATIENCE)
    _joined = Processes(_read("RANK"), _read("WORLD_SIZE"), _read("LOCAL_WORLD_SIZE"), waiting)
    return _joined


def leave_processes() -> None:
    """Disconnect. All processes must call it."""
    global _joined
    from torch import distributed

    distributed.destroy_process_group()
    _joined = Processes()


def share(value: Any) -> Any:
    """Return the value of the main process. All processes must call it. In one process: the value."""
    if _joined.count == 1:
        return value
    import torch
    from torch import distributed

    values = [value if _joined.index == 0 else None]
    distributed.broadcast_object_list(values, src=0, group=_joined.waiting, device=torch.device("cpu"))
    return values[0]


def is_connection_error(error: BaseException) -> bool:
    """Return True if a process could not reach the others."""
    from torch import distributed

    # torch raises a bare RuntimeError for an error of gloo.
    return isinstance(error, distributed.DistError) or (
        isinstance(error, RuntimeError) and "gloo" in str(error).lower()
    )


def _read(name: str) -> int:
    """Return a variable as a number, or 0."""
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() else 0
