"""A head with top-k pooling."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class TopKPoolHead(nn.Module):
    """The mean of the k strongest responses of each channel, then dropout and a linear layer.

    Args:
        k: Number of positions to average, at least 1. Maps with fewer positions use all of them.
        stage: A stage of the backbone. "" is the deepest stage.
        second_stage: Another stage, whose means are concatenated with the first's. "" means none.
        dropout: Fraction of the means that training drops, from 0 to 1.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        k: int = 4,
        stage: str = "",
        second_stage: str = "",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if k < 1:
            raise ValueError(f"k: expected 1 or more, got {k}")
        if not 0 <= dropout <= 1:
            raise ValueError(f"dropout: expected a fraction from 0 to 1, got {dropout}")
        for option, name in (("stage", stage), ("second_stage", second_stage)):
            if name and name not in in_channels:
                raise ValueError(f"{option}: expected one of {', '.join(in_channels)}, got {name!r}")
        first = stage or list(in_channels)[-1]
        if second_stage == first:
            raise ValueError(f"second_stage: expected another stage than {first!r}")
        self.stages = (first, second_stage) if second_stage else (first,)
        self.k = k
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(sum(in_channels[name] for name in self.stages), num_classes)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Map feature maps (B, C, h, w) to logits (B, num_classes)."""
        logits: Tensor = self.classify(self.dropout(self.embed(features)))
        return logits

    def embed(self, features: Mapping[str, Tensor]) -> Tensor:
        """Return the pooled features (B, D)."""
        return torch.cat([self._pool(features[name]) for name in self.stages], dim=1)

    def _pool(self, features: Tensor) -> Tensor:
        places = features.flatten(start_dim=2)
        return places.topk(min(self.k, places.shape[2]), dim=2).values.mean(dim=2)
