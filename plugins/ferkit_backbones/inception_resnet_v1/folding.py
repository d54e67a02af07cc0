"""Batch norms folded into convolutions, for prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from facenet_pytorch.models.inception_resnet_v1 import (
    BasicConv2d,
    Block8,
    Block17,
    Block35,
    Mixed_6a,
    Mixed_7a,
)
from torch import Tensor, nn
from torch.nn import functional as F

BRANCHES = ("branch0", "branch1", "branch2", "branch3")


@dataclass(frozen=True, slots=True)
class Folded:
    """Kernel and bias of a folded convolution, and the state of the tensors they were computed from."""

    made_from: tuple[object, ...]
    weight: Tensor
    bias: Tensor


class Folding:
    """Runs facenet-pytorch's modules in eval mode with each batch norm folded into its convolution.

    With γ, β, μ and σ² of the batch norm, γ·(W∗x − μ)/√(σ² + ε) + β = W'∗x + b', where W' = W·γ/√(σ² + ε) and
    b' = β − μ·γ/√(σ² + ε). The scale of a residual block is folded into its last convolution. This halves the
    reads and writes of feature maps, and the ReLU works in place.

    Folded kernels are cached in the precision of the forward pass. They are computed again if torch counted a
    change of their tensors. torch does not count changes through `tensor.data` or by a fused optimizer, so
    the backbone clears the cache in train() and eval(). Forward hooks of inner modules are not called.
    """

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[nn.Module, Folded] = WeakKeyDictionary()

    def __reduce__(self) -> tuple[type[Folding], tuple[()]]:
        """Return an empty cache for a copy: cached kernels belong to the original modules."""
        return Folding, ()

    def __call__(self, module: nn.Module, maps: Tensor) -> Tensor:
        """Return module(maps) in eval mode, (B, C, h, w). Gradients must be off."""
        if maps.is_meta:  # the meta device computes nothing and has no autocast
            shapes: Tensor = module(maps)
            return shapes
        match module:
            case BasicConv2d():
                return self._convolve(module, maps)
            case Block35() | Block17() | Block8():
                return self._add_residual(module, maps)
            case Mixed_6a() | Mixed_7a():
                return self._branches(module, maps)
            case nn.Sequential():
                for part in module:
                    maps = self(part, maps)
                return maps
        result: Tensor = module(maps)
        return result

    def _convolve(self, module: BasicConv2d, maps: Tensor) -> Tensor:
        conv, norm = module.conv, module.bn
        tensors = (conv.weight, norm.weight, norm.bias, norm.running_mean, norm.running_var)

        def fold() -> tuple[Tensor, Tensor]:
            scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
            return conv.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale

        weight, bias = self._keep(module, tensors, maps, fold)
        # `_conv_forward`, not F.conv2d: the layer crops its kernel on small maps.
        folded: Tensor = conv._conv_forward(maps, weight, bias)
        return folded.relu_()

    def _add_residual(self, block: Any, maps: Tensor) -> Tensor:
        conv, scale = block.conv2d, block.scale
        tensors = (conv.weight, conv.bias)
        weight, bias = self._keep(block, tensors, maps, lambda: (conv.weight * scale, conv.bias * scale))
        added = F.conv2d(self._branches(block, maps), weight, bias).add_(maps)
        return added if getattr(block, "noReLU", False) else added.relu_()

    def _branches(self, block: nn.Module, maps: Tensor) -> Tensor:
        branches = [getattr(block, name) for name in BRANCHES if hasattr(block, name)]
        return torch.cat([self(branch, maps) for branch in branches], dim=1)

    def _keep(
        self,
        module: nn.Module,
        tensors: Sequence[Tensor],
        maps: Tensor,
        fold: Callable[[], tuple[Tensor, Tensor]],
    ) -> tuple[Tensor, Tensor]:
        kind = maps.device.type
        has_autocast = torch.amp.is_autocast_available(kind)  # the meta device has none
        is_lower = has_autocast and torch.is_autocast_enabled(kind)
        dtype = torch.get_autocast_dtype(kind) if is_lower else maps.dtype
        made_from = (dtype, *(_state(tensor) for tensor in tensors))
        kept = self._kept.get(module)
        if kept is None or kept.made_from != made_from or None in made_from:
            with torch.autocast(kind, enabled=False) if has_autocast else nullcontext():
                weight, bias = (tensor.to(dtype) for tensor in fold())
            kept = Folded(made_from, weight.contiguous(memory_format=torch.channels_last), bias)
            self._kept[module] = kept
        return kept.weight, kept.bias


def _state(tensor: Tensor) -> tuple[object, ...] | None:
    """Return a value that changes with the tensor, or None if torch does not count its changes."""
    return None if tensor.is_inference() else (tensor.device, tensor.data_ptr(), tensor._version)
