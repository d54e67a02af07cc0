"""Attention by channel and by place (Woo et al. 2018), then an average and a linear layer."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ferkit.plugin import crop_kernels
from ferkit_heads.stages import check_dropout, choose_stage


class ChannelAttention(nn.Module):
    """σ(MLP(average) + MLP(maximum)), equation 2: a weight in 0..1 for each channel."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, 1, 1)."""
        together: Tensor = self.mlp(maps.mean(dim=(2, 3))) + self.mlp(maps.amax(dim=(2, 3)))
        return together.sigmoid()[:, :, None, None]


class SpatialAttention(nn.Module):
    """σ(conv([average; maximum])) over the channels, equation 3: a weight in 0..1 for each place."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.convolve = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 1, h, w)."""
        pooled = torch.cat([maps.mean(dim=1, keepdim=True), maps.amax(dim=1, keepdim=True)], dim=1)
        weights: Tensor = self.convolve(pooled)
        return weights.sigmoid()


class AttentionHead(nn.Module):
    """One stage's map, its channels weighed, then its places, averaged, then one linear layer.

    The weights are those of a convolutional block attention module (CBAM), and their order is its. stage: a
    stage of the backbone that still has places to choose from; "" is the deepest, which for
    inception_resnet_v1 is an embedding of one place. reduction: how many times fewer units the channels'
    hidden layer has; kernel: side of the places' convolution, odd; channel, spatial: whether there are such
    weights; dropout: the fraction of the averages that is dropped in training.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        stage: str = "",
        reduction: int = 16,
        kernel: int = 7,
        channel: bool = True,
        spatial: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        stage = choose_stage(in_channels, stage)
        check_dropout(dropout)
        if reduction < 1:
            raise ValueError(f"reduction: expected at least 1, got {reduction}")
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"kernel: expected an odd number of pixels, got {kernel}")
        self.stages = (stage,)
        self.channel = ChannelAttention(in_channels[stage], reduction) if channel else None
        self.spatial = SpatialAttention(kernel) if spatial else None
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(in_channels[stage], num_classes)
        crop_kernels(self)

    def attend(self, features: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """(the weighed map (B, C, h, w), the places' weights (B, 1, h, w)); these are 1 without `spatial`."""
        maps = features[self.stages[0]]
        if self.channel is not None:
            maps = maps * self.channel(maps)
        weights = torch.ones_like(maps[:, :1]) if self.spatial is None else self.spatial(maps)
        return maps * weights, weights

    def embed(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighed map's averages, (B, C)."""
        return self.attend(features)[0].mean(dim=(2, 3))

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        logits: Tensor = self.classify(self.dropout(self.embed(features)))
        return logits
