"""Label smoothing (the paper, equation 2), around any loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from ferkit.plugin import Loss
from ferkit_losses.cross_entropy import CrossEntropyLoss
from ferkit_losses.targets import as_soft, at_least_float32


class LabelSmoothingLoss(nn.Module):
    """Another loss of smoothed targets.

    Soft targets are smoothed too: each class as the true class, in proportion to its probability.

    Args:
        epsilon: ε, from 0 to below 1.
        share: "others" is the paper's equation 2: 1−ε for the true class, ε/(K−1) for each other class.
            "all" is torch's form: every class gets ε/K, the true class 1−ε in addition.
        base: Loss of the smoothed targets. Default: cross entropy.
    """

    def __init__(
        self,
        num_classes: int,
        class_counts: Sequence[float] | None = None,
        epsilon: float = 0.3,
        share: Literal["others", "all"] = "others",
        base: Loss | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= epsilon < 1:
            raise ValueError(f"epsilon: expected a fraction from 0 up to 1, got {epsilon}")
        self.epsilon = epsilon
        self.share = share
        self.base = base if base is not None else CrossEntropyLoss(num_classes, class_counts)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return self.base(logits, self.soften(as_soft(targets, at_least_float32(logits))))

    def soften(self, targets: Tensor) -> Tensor:
        """Smooth targets (B, K) with rows that sum to 1."""
        classes = targets.shape[1]
        if self.share == "all":
            return (1 - self.epsilon) * targets + self.epsilon / classes
        return (1 - self.epsilon) * targets + self.epsilon * (1 - targets) / (classes - 1)
