"""Average pooling, dropout and a linear layer."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from ferkit_heads.stages import check_dropout, choose_stage


class LinearHead(nn.Module):
    """Average pooling of one stage, then a linear layer.

    Args:
        stage: A stage of the backbone. "" is the deepest stage. For inception_resnet_v1 that is the
            pretrained embedding.
        dropout: Fraction of the pooled features that training drops, from 0 to below 1.
    """

    def __init__(
        self, in_channels: Mapping[str, int], num_classes: int, stage: str = "", dropout: float = 0.0
    ) -> None:
        super().__init__()
        stage = choose_stage(in_channels, stage)
        check_dropout(dropout)
        self.stages = (stage,)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(in_channels[stage], num_classes)

    def embed(self, features: Mapping[str, Tensor]) -> Tensor:
        """Return the pooled features, (B, C)."""
        return features[self.stages[0]].mean(dim=(2, 3))

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        logits: Tensor = self.classify(self.dropout(self.embed(features)))
        return logits
