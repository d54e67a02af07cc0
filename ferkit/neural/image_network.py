"""A network with its preprocessing as a differentiable module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ferkit.neural.network import Network
from ferkit.neural.preprocessing import mean_and_deviation

LUMA = (0.299, 0.587, 0.114)
"""Weights of the channels (ITU-R BT.601)."""


class ImageNetwork(nn.Module):
    """A network on RGB images (B, 3, H, W), 0 to 1, as described in `FeatureEstimator.build_module`.

    Args:
        network: The network.
        image_size: Side of the images that the network gets, in pixels. Others are resized.
        color: "grey" sets all channels to the luma.
    """

    def __init__(self, network: Network, image_size: int, color: Literal["rgb", "grey"]) -> None:
        super().__init__()
        self.network = network
        self.image_size = image_size
        self.is_grey = color == "grey"
        mean, deviation = mean_and_deviation(network.normalize)
        for name, values in (("luma", LUMA), ("mean", mean), ("deviation", deviation)):
            column = torch.tensor(tuple(values), dtype=torch.float32)[:, None, None]
            self.register_buffer(name, column, persistent=False)

    def forward(self, images: Tensor) -> tuple[Mapping[str, Tensor], Tensor]:
        maps = self.network.features(self._preprocess(images))
        logits = self.network.classify(maps)
        # In training mode, a head may give auxiliary values too.
        return maps, logits[0] if isinstance(logits, tuple) else logits

    def _preprocess(self, images: Tensor) -> Tensor:
        side = self.image_size
        if images.shape[2:] != (side, side):
            images = F.interpolate(images, (side, side), mode="bilinear", antialias=True)
        if self.is_grey:
            images = (images * self.get_buffer("luma")).sum(dim=1, keepdim=True).expand_as(images)
        return (255 * images - self.get_buffer("mean")) / self.get_buffer("deviation")
