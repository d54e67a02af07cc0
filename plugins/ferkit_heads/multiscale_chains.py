"""Layers that make each map from the previous one, in the four ways that the paper's text allows."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

Chain = Literal["ssd", "stride", "unpadded", "pool"]

# For each layer: channels of the 1×1 convolution; stride and padding of the 3×3 convolution.
BOTTLENECKS = (256, 128, 128)
SHAPES: dict[Chain, tuple[tuple[int, int], ...]] = {
    "ssd": ((2, 1), (2, 1), (1, 0)),
    "stride": ((2, 1), (2, 1), (2, 1)),
    "unpadded": ((1, 0), (1, 0), (1, 0)),
    "pool": ((1, 1), (1, 1), (1, 1)),
}


class Shrink(nn.Module):
    """1×1 and 3×3 convolution, each with batch norm and ReLU, and optionally a 2×2 average pool."""

    def __init__(
        self, in_channels: int, bottleneck: int, width: int, stride: int, padding: int, is_pooled: bool
    ) -> None:
        super().__init__()
        self.is_pooled = is_pooled
        self.is_padded = padding > 0
        self.reduce = nn.Sequential(
            nn.Conv2d(in_channels, bottleneck, 1, bias=False), nn.BatchNorm2d(bottleneck), nn.ReLU()
        )
        self.convolve = nn.Sequential(
            nn.Conv2d(bottleneck, width, 3, stride, padding, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )

    def forward(self, one: Tensor) -> Tensor:
        reduced = self.reduce(one)
        smaller: Tensor = self.convolve(reduced if self.is_padded else _at_least_3(reduced))
        if self.is_pooled and min(smaller.shape[2:]) > 1:
            smaller = F.avg_pool2d(smaller, 2)
        return smaller


def _at_least_3(one: Tensor) -> Tensor:
    """Pad a map that is smaller than the kernel with zeros."""
    height, width = (max(0, 3 - side) for side in one.shape[2:])
    if not height and not width:
        return one
    return F.pad(one, (width // 2, width - width // 2, height // 2, height - height // 2))


def make_chain(chain: Chain, in_channels: int, widths: tuple[int, int, int]) -> nn.ModuleList:
    layers = nn.ModuleList()
    for (stride, padding), bottleneck, width in zip(SHAPES[chain], BOTTLENECKS, widths, strict=True):
        layers.append(Shrink(in_channels, bottleneck, width, stride, padding, chain == "pool"))
        in_channels = width
    return layers


def map_sizes(chain: Chain, side: int) -> list[int]:
    """Return the sides of the four maps; `side` is the first."""
    sides = [side]
    for stride, padding in SHAPES[chain]:
        inner = sides[-1] if padding else max(sides[-1], 3)
        side = (inner + 2 * padding - 3) // stride + 1
        sides.append(max(side // 2, 1) if chain == "pool" else side)
    return sides
