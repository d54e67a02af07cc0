"""Batch norms with the statistics of the whole batch, of all processes."""

from __future__ import annotations

from typing import Any

import torch
from timm.layers.norm_act import convert_sync_batchnorm
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SumOverProcesses(torch.autograd.Function):
    """The sum of a tensor over all processes. Its gradient is the sum of their gradients."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        """Return the sum."""
        total = own.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Return the sum of the gradients."""
        total = gradients[0].clone()
        distributed.all_reduce(total)
        return total


def _sum(own: Tensor) -> Tensor:
    total: Tensor = SumOverProcesses.apply(own)
    return total


class SyncBatchNormOnCpu(_BatchNorm):
    """The batch norm of torch or timm on a CPU. torch's `SyncBatchNorm` needs a GPU.

    A batch norm of timm has the attributes `drop` and `act`, which follow the normalisation.
    """

    def forward(self, given: Tensor) -> Tensor:
        """Normalise (B, C, ...) by mean and variance of the images of all processes, in float32."""
        found = self._normalise(given) if self.training else super().forward(given)
        for name in ("drop", "act"):
            found = getattr(self, name, nn.Identity())(found)
        return found

    def _normalise(self, given: Tensor) -> Tensor:
        exact = given.float()
        over = [0, *range(2, given.dim())]
        shape = (1, -1, *[1] * (given.dim() - 2))
        count = _sum(torch.tensor(float(exact.numel() // exact.shape[1])))
        mean = _sum(exact.sum(over)) / count
        away = exact - mean.view(shape)
        variance = _sum(away.square().sum(over)) / count
        self._track(mean, variance * count / (count - 1))
        found = away * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            found = found * self.weight.view(shape) + self.bias.view(shape)
        return found.to(given.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        rate = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, rate)
        self.running_var.lerp_(variance, rate)

    def _check_input_dim(self, given: Tensor) -> None:
        """Accept any number of dimensions: the layer replaces those of 1, 2 and 3."""


def synchronise(network: nn.Module, device: torch.device) -> None:
    """Convert the batch norms of a network that use the statistics of batches. Parameters and names stay.

    Frozen ones stay: a backbone may find them by their class.
    """
    network.train()
    for parent in list(network.modules()):
        for name, norm in parent.named_children():
            if not (isinstance(norm, _BatchNorm) and norm.training):
                continue
            if device.type == "cpu":
                norm.__class__ = SyncBatchNormOnCpu
            else:
                setattr(parent, name, convert_sync_batchnorm(norm))  # type: ignore[no-untyped-call]
