"""The classifiers F_S and F_T: feature maps and logits of images."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock

Own = Literal["resnet18", "small"]
Kind = Own | Literal["network"]


class Classifier(nn.Module):
    """A classifier of images (B, 3, H, W) in −1..1."""

    def look(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return feature maps (B, C, h, w), and the logits (B, num_classes) computed from them."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        return self.look(images)[1]


class OwnClassifier(Classifier):
    """Convolutions, global average pooling and a linear layer, as Grad-CAM and CAM require."""

    def __init__(self, trunk: nn.Module, channels: int, num_classes: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.classify = nn.Linear(channels, num_classes)

    def look(self, images: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.trunk(images)
        return maps, self.classify(maps.mean(dim=(2, 3)))


class NetworkClassifier(Classifier):
    """The network of the recipe's `[model]`. The maps are those of the last stage that its head uses.

    Args:
        module: The result of `FeatureEstimator.build_module`.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def look(self, images: Tensor) -> tuple[Tensor, Tensor]:
        maps, logits = self.module((images + 1) / 2)
        return list(maps.values())[-1], logits


def make_classifier(kind: Own, width: int, num_classes: int) -> Classifier:
    """Create a classifier with random weights.

    Its first layer has `width` channels, its last layer eight times as many. "resnet18" has torchvision's
    blocks (He et al. 2016) without the first pooling, for small images: maps of 8×8 at 128 pixels. "small"
    has four 3×3 convolutions: maps of 8×8 at 64 pixels.
    """
    trunk = _resnet18(width) if kind == "resnet18" else _small(width)
    return OwnClassifier(trunk, 8 * width, num_classes)


def _resnet18(width: int) -> nn.Sequential:
    # torchvision's stages have 64, 128, 256 and 512 channels. The blocks accept any width.
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
    """Initialise as torchvision's ResNet (He et al.)."""
    for module in trunk.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return trunk
