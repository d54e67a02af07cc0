"""Convolutions with kernels that are larger than the feature map."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def crop_kernels(network: nn.Module) -> None:
    """Make every nn.Conv2d of a network crop kernels that are larger than the feature map.

    Call it at the end of a constructor. Results stay the same, up to rounding. Parameters, state_dict and
    subclasses of nn.Conv2d do not change.

    It avoids a bug of torch 2.14.1 in bfloat16 on a CPU with AVX-512 or AMX. The bug leaves the weight
    gradient of kernel elements uninitialised if they only cover padding: it can be NaN, or finite and wrong.

    Args:
        network: The network. It is changed in place.
    """
    from torch import nn

    from ferkit.neural.cropped_convolution import CroppedConv2d

    for module in network.modules():
        if type(module) is nn.Conv2d:
            module.__class__ = CroppedConv2d
