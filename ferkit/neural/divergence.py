"""Errors of a training step, such as numbers that are no longer finite."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from ferkit.errors import DivergenceError
from ferkit.neural.auxiliary import BatchLoss

DIVERGED = 'Reduce fit.optimizer.lr, or set fit.precision to "float32".'


def check_gradients(network: nn.Module, where: str) -> None:
    """Raise DivergenceError with the first parameter whose gradient is not finite."""
    named = {name: one.grad for name, one in network.named_parameters() if one.grad is not None}
    if torch.stack([gradient.norm() for gradient in named.values()]).isfinite().all():
        return
    for name, gradient in named.items():
        if not gradient.isfinite().all():
            raise DivergenceError(f"the gradient of {name} is no longer finite in {where}. {DIVERGED}")


def describe_divergence(found: BatchLoss, loss: nn.Module, head: nn.Module, where: str) -> DivergenceError:
    """Describe the divergence. If the logits are finite, the cause may be the loss or an auxiliary one."""
    event = f"the loss became {found.total.item()} in {where}"
    if not torch.isfinite(found.logits).all():
        return DivergenceError(f"{event}: the network's outputs are no longer finite. {DIVERGED}")
    if found.diverged:
        of = f"the auxiliary loss {found.diverged!r} of {type(head).__name__}"
        return DivergenceError(f"{event}: {of} is not finite. {DIVERGED}")
    kind = type(loss)
    return DivergenceError(
        f"{event}, but the network's outputs are finite. Check the loss, {kind.__name__} of "
        f"{kind.__module__}, and its options. If it overflowed: {DIVERGED}"
    )


def note_error(errors: list[BaseException], call: Callable[[], float]) -> float:
    """Call a function, and add its exception to a list before it is raised."""
    try:
        return call()
    except BaseException as error:
        errors.append(error)
        raise
