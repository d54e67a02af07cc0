"""The network of Acharya et al. 2018, up to its covariance."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from ferkit.plugin import crop_kernels
from ferkit_covpool.layers import check_momentum, initialise

BLOCKS = {"block1": (64,), "block2": (96,), "block3": (128, 128), "block4": (256, 256)}
"""Channels of the convolutions of each block."""


class CovPoolBackbone(nn.Module):
    """Four blocks of 3×3 convolutions with batch norm and ReLU (Acharya et al. 2018).

    The first three blocks end in a 2×2 max pool. The stages for a 100-pixel image are block1 64×50×50,
    block2 96×25×25, block3 128×12×12 and block4 256×12×12.

    Args:
        standardize: Standardise each image by its own mean and deviation, as the published code. The recipe's
            `normalize` then has no effect.
        batch_norm_momentum: Momentum of batch norm, above 0, at most 1. The published 0.005 (a decay of
            0.995) needs thousands of steps. The default is torch's.
    """

    stages: Mapping[str, int] = {name: widths[-1] for name, widths in BLOCKS.items()}
    default_stage = "block4"

    def __init__(self, standardize: bool = True, batch_norm_momentum: float = 0.1) -> None:
        super().__init__()
        check_momentum(batch_norm_momentum)
        self.standardize = standardize
        self.blocks = nn.ModuleDict()
        channels = 3
        for name, widths in BLOCKS.items():
            self.blocks[name] = _make_block(channels, widths, name != "block4", batch_norm_momentum)
            channels = widths[-1]
        initialise(self)
        crop_kernels(self)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map images (B, 3, H, W), at least 8 by 8 pixels, to feature maps (B, C, h, w) of every block."""
        maps = {}
        one = standardize(images) if self.standardize else images
        for name, block in self.blocks.items():
            one = maps[name] = block(one)
        return maps


def standardize(images: Tensor) -> Tensor:
    """Scale each image to mean 0 and deviation 1. An image without contrast becomes 0."""
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    deviation = images.std(dim=(1, 2, 3), keepdim=True, correction=0)
    # As the published code, on its scale of 0 to 255: no deviation below 1 / √(values).
    smallest = 1 / (128 * images.shape[1:].numel() ** 0.5)
    return (images - mean) / deviation.clamp_min(smallest)


def _make_block(channels: int, widths: tuple[int, ...], is_pooled: bool, momentum: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in widths:
        # No bias before batch norm, which subtracts the mean.
        layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=False))
        layers += [nn.BatchNorm2d(width, eps=1e-3, momentum=momentum), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if is_pooled else []))
