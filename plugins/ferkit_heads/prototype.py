"""A head that compares features with a prototype of each class (Snell et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ferkit_heads.stages import check_dropout, choose_stage


class PrototypeHead(nn.Module):
    """Logits from the distance between the pooled features x and a learned prototype c_k of each class.

    Prototypes are parameters, trained with the network. Snell et al. use class means instead, which a head
    cannot compute because it gets no labels. Distances use float32.

    Args:
        distance: "euclidean" gives the logits −‖x − c_k‖²/τ, "cosine" gives cos(x, c_k)/τ.
        temperature: τ, above 0. A cosine needs a small one, such as 0.0625, for confident probabilities.
        stage: A stage of the backbone. "" is the deepest stage.
        embedding_size: Outputs of a linear layer before the comparison. 0 means no such layer.
        dropout: Fraction of the pooled features that training drops, from 0 to below 1.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        distance: Literal["euclidean", "cosine"] = "euclidean",
        temperature: float = 1.0,
        stage: str = "",
        embedding_size: int = 0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        stage = choose_stage(in_channels, stage)
        check_dropout(dropout)
        if temperature <= 0:
            raise ValueError(f"temperature: expected a number above 0, got {temperature}")
        if embedding_size < 0:
            raise ValueError(f"embedding_size: expected a number of at least 0, got {embedding_size}")
        self.stages = (stage,)
        self.distance = distance
        self.temperature = temperature
        channels = in_channels[stage]
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(channels, embedding_size) if embedding_size else nn.Identity()
        size = embedding_size or channels
        # The range of a linear layer's initial weights: the initial distances are similar.
        self.prototypes = nn.Parameter(torch.empty(num_classes, size).uniform_(-(size**-0.5), size**-0.5))

    def embed(self, features: Mapping[str, Tensor]) -> Tensor:
        """Return the features that are compared with the prototypes, (B, D), of length 1 for "cosine"."""
        averages = self.project(self.dropout(features[self.stages[0]].mean(dim=(2, 3))))
        exact: Tensor = averages if averages.dtype == torch.float64 else averages.float()
        return F.normalize(exact, dim=1) if self.distance == "cosine" else exact

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        embedding = self.embed(features)[:, None]
        # Written as sums of products: mixed precision keeps these in float32.
        if self.distance == "cosine":
            logits = (embedding * F.normalize(self.prototypes, dim=1)).sum(dim=2)
        else:
            logits = -(embedding - self.prototypes).square().sum(dim=2)
        return logits / self.temperature
