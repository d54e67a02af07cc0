"""Images of one domain -> images of another (Zhu et al. 2017, after Johnson et al. 2016)."""

from __future__ import annotations

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with reflection padding and instance norm, added to what came in."""

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

    width: channels of the first layer, four times as many in the blocks; blocks: how many residual ones.
    (B, 3, H, W) in −1..1 -> the same shape and range. H and W must be multiples of 4, and at least 8.
    """

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), *_normed(nn.Conv2d(3, width, 7), width)]
        for wide in (2 * width, 4 * width):
            layers += _normed(nn.Conv2d(wide // 2, wide, 3, stride=2, padding=1), wide)
        layers += [ResidualBlock(4 * width) for _ in range(blocks)]
        for narrow in (2 * width, width):
            enlarge = nn.ConvTranspose2d(2 * narrow, narrow, 3, stride=2, padding=1, output_padding=1)
            layers += _normed(enlarge, narrow)
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        translated: Tensor = self.layers(images)
        return translated


def _normed(convolution: nn.Module, channels: int) -> list[nn.Module]:
    return [convolution, nn.InstanceNorm2d(channels), nn.ReLU()]
