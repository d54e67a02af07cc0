"""A head with channel and spatial attention (Woo et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ferkit.plugin import crop_kernels
from ferkit_heads.stages import check_dropout, choose_stage


class ChannelAttention(nn.Module):
    """Equation 2: a weight from 0 to 1 for each channel, σ(MLP(average) + MLP(maximum))."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.mlp = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, 1, 1)."""
        together: Tensor = self.mlp(maps.mean(dim=(2, 3))) + self.mlp(maps.amax(dim=(2, 3)))
        return together.sigmoid()[:, :, None, None]


class SpatialAttention(nn.Module):
    """Equation 3: a weight from 0 to 1 for each position, σ(conv([average; maximum])) over the channels."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.convolve = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 1, h, w)."""
        pooled = torch.cat([maps.mean(dim=1, keepdim=True), maps.amax(dim=1, keepdim=True)], dim=1)
        weights: Tensor = self.convolve(pooled)
        return weights.sigmoid()


class AttentionHead(nn.Module):
    """Channel attention, spatial attention, average pooling and a linear layer on one stage.

    The attention is a convolutional block attention module (CBAM, Woo et al. 2018).

    Args:
        stage: A stage of the backbone with several positions. "" is the deepest stage. For
            inception_resnet_v1 that is the embedding, which has one position only.
        reduction: Channels divided by the hidden units of the channel attention, at least 1.
        kernel: Side of the spatial attention's convolution, in positions, odd.
        channel: Use channel attention.
        spatial: Use spatial attention.
        dropout: Fraction of the pooled features that training drops, from 0 to below 1.
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
            raise ValueError(f"kernel: expected an odd number above 0, got {kernel}")
        self.stages = (stage,)
        self.channel = ChannelAttention(in_channels[stage], reduction) if channel else None
        self.spatial = SpatialAttention(kernel) if spatial else None
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(in_channels[stage], num_classes)
        crop_kernels(self)

    def attend(self, features: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the weighted map (B, C, h, w) and the spatial weights (B, 1, h, w), 1 without `spatial`."""
        maps = features[self.stages[0]]
        if self.channel is not None:
            maps = maps * self.channel(maps)
        weights = torch.ones_like(maps[:, :1]) if self.spatial is None else self.spatial(maps)
        return maps * weights, weights

    def embed(self, features: Mapping[str, Tensor]) -> Tensor:
        """Return the average of the weighted map, (B, C)."""
        return self.attend(features)[0].mean(dim=(2, 3))

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        logits: Tensor = self.classify(self.dropout(self.embed(features)))
        return logits
