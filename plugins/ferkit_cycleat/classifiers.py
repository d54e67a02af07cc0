"""F_S and F_T: images -> the last feature maps, and the logits made from them."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock

Kind = Literal["resnet18", "small"]


class Classifier(nn.Module):
    """Convolutions, then the average over all places and one linear layer, as Grad-CAM and CAM want it."""

    def __init__(self, trunk: nn.Module, channels: int, num_classes: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.classify = nn.Linear(channels, num_classes)

    def maps(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, C, h, w)."""
        found: Tensor = self.trunk(images)
        return found

    def logits_of(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, num_classes)."""
        logits: Tensor = self.classify(maps.mean(dim=(2, 3)))
        return logits

    def forward(self, images: Tensor) -> Tensor:
        return self.logits_of(self.maps(images))


def make_classifier(kind: Kind, width: int, num_classes: int) -> Classifier:
    """width: channels of the first layer, eight times as many in the last one.

    "resnet18": torchvision's blocks (He et al. 2016) without the first pooling, for small images: maps of
    8×8 at 128 pixels. "small": four 3×3 convolutions, maps of 8×8 at 64 pixels.
    """
    trunk = _resnet18(width) if kind == "resnet18" else _small(width)
    return Classifier(trunk, 8 * width, num_classes)


def _resnet18(width: int) -> nn.Sequential:
    # torchvision's own stages are 64, 128, 256 and 512 wide; the blocks themselves may have any width.
    layers: list[nn.Module] = [
        nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    ]
    channels = width
    for stage in range(4):
        wide, stride = width * 2**stage, 1 if stage == 0 else 2
        shortcut = None
        if stride > 1:
            shortcut = nn.Sequential(
                nn.Conv2d(channels, wide, 1, stride=stride, bias=False), nn.BatchNorm2d(wide)
            )
        layers += [BasicBlock(channels, wide, stride, shortcut), BasicBlock(wide, wide)]
        channels = wide
    return _initialised(nn.Sequential(*layers))


def _small(width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for stage, stride in enumerate((2, 2, 2, 1)):
        wide = width * 2**stage
        layers += [
            nn.Conv2d(channels, wide, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(inplace=True),
        ]
        channels = wide
    return _initialised(nn.Sequential(*layers))


def _initialised(trunk: nn.Sequential) -> nn.Sequential:
    """He et al.'s, as torchvision's ResNet has it."""
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return trunk
