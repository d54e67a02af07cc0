"""Label smoothing (the paper, equation 2), around any loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from ferkit.plugin import Loss
from ferkit_losses.cross_entropy import CrossEntropyLoss
from ferkit_losses.targets import as_soft, at_least_float32


class LabelSmoothingLoss(nn.Module):
    """Hands softened targets to another loss.

    epsilon: ε. share: "others" is equation 2, 1−ε for the true class and ε/(K−1) for each other; "all" is
    torch's, where the true class has its part of ε too. base: the loss that is given them, cross entropy if
    none is named. Soft targets that come in are softened likewise, each class as the true one in its part.
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
        """(B, K), each row adding up to 1 -> the same, softened."""
        classes = targets.shape[1]
        if self.share == "all":
            return (1 - self.epsilon) * targets + self.epsilon / classes
        return (1 - self.epsilon) * targets + self.epsilon * (1 - targets) / (classes - 1)
