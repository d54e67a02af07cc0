"""State of modules that a second pass over the same batch must not change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def held_statistics(network: nn.Module) -> Iterator[None]:
    """Leave the running statistics as they are: a batch is counted once, with the parameters of its step."""
    norms = [one for one in network.modules() if isinstance(one, _BatchNorm) and one.track_running_stats]
    held = [(one, one.momentum, one.num_batches_tracked) for one in norms]
    for one in norms:
        one.momentum = 0.0
    try:
        yield
    finally:
        for one, momentum, count in held:
            one.momentum = momentum
            if count is not None and one.training:
                count.sub_(1)


@contextmanager
def held_buffers(module: nn.Module) -> Iterator[None]:
    """Restore the buffers of a module, such as the centres of a loss."""
    held = [(buffer, buffer.clone()) for buffer in module.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, before in held:
                buffer.copy_(before)
