"""Generators that translate images between domains (Zhu et al. 2017, after Johnson et al. 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

INNER = 0.98
"""Limit of pixel values before the inverse of tanh, which is infinite at 1."""


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with reflection padding and instance norm, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, images: Tensor) -> Tensor:
        changed: Tensor = self.layers(images)
        return images + changed


class ResnetGenerator(nn.Module):
    """CycleGAN's generator: 7×7, two halvings, residual blocks, two doublings, 7×7, tanh.

    It maps (B, 3, H, W) in −1..1 to the same shape and range. H and W are multiples of 4, at least 8.

    Args:
        width: Channels of the first layer. The residual blocks have four times as many.
        blocks: Number of residual blocks.
        is_residual: Initialise as the identity and learn changes of the image. CycleGAN does not, and needs
            far more steps to learn to reproduce the image.
    """

    def __init__(self, width: int, blocks: int, is_residual: bool = False) -> None:
        super().__init__()
        self.is_residual = is_residual
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), *_normed(nn.Conv2d(3, width, 7), width)]
        for wide in (2 * width, 4 * width):
            layers += _normed(nn.Conv2d(wide // 2, wide, 3, stride=2, padding=1), wide)
        layers += [ResidualBlock(4 * width) for _ in range(blocks)]
        for narrow in (2 * width, width):
            enlarge = nn.ConvTranspose2d(2 * narrow, narrow, 3, stride=2, padding=1, output_padding=1)
            layers += _normed(enlarge, narrow)
        self.last = nn.Conv2d(width, 3, 7)
        self.layers = nn.Sequential(*layers, nn.ReflectionPad2d(3), self.last)
        self.apply(initialise)
        if is_residual:
            nn.init.zeros_(self.last.weight)

    def forward(self, images: Tensor) -> Tensor:
        drawn: Tensor = self.layers(images)
        if self.is_residual:
            drawn = drawn + torch.atanh(images.clamp(-INNER, INNER))
        return torch.tanh(drawn)


def initialise(module: nn.Module) -> None:
    """Initialise generators and discriminators as CycleGAN: weights from N(0, 0.02²), no bias."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _normed(convolution: nn.Module, channels: int) -> list[nn.Module]:
    return [convolution, nn.InstanceNorm2d(channels), nn.ReLU()]
