"""Convolutions of maps that are smaller than the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def crop_kernels(network: nn.Module) -> None:
    """Crop kernels that are larger than their map, for every nn.Conv2d in a network.

    Call it at the end of a constructor. The numbers stay the same, up to rounding. Parameters and state_dict
    stay as they are, and so do subclasses of nn.Conv2d.

    It avoids an error of torch 2.14.1: on a CPU with AVX-512 or AMX, in bfloat16, nothing writes the weight
    gradient of taps that only meet padding. It can be NaN, or finite and wrong.
    """
    from torch import nn

    from ferkit.neural.cropped_convolution import CroppedConv2d

    for module in network.modules():
        if type(module) is nn.Conv2d:
            module.__class__ = CroppedConv2d
