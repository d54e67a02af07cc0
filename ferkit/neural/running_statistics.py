"""Running statistics of batch norms, in a second pass over the same batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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
