"""A focal loss with a polynomial term."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, one_hot


class PolyFocalLoss(nn.Module):
    """Focal loss plus epsilon * (1 - p_t) ** (gamma + 1), the first term of PolyLoss (Leng et al. 2022).

    For soft targets, every class counts with its probability. The mean is over the images, not over their
    weights.

    Args:
        gamma: Exponent of the focal loss, at least 0. 0 is cross entropy with the polynomial term.
        epsilon: Weight of the polynomial term, at least -1. 0 is focal loss.
        class_weights: "equal", or "inverse_frequency" for the same total weight of every class.
    """

    weights: Tensor

    def __init__(
        self,
        num_classes: int,
        class_counts: Sequence[int],
        gamma: float = 2.0,
        epsilon: float = 1.0,
        class_weights: Literal["equal", "inverse_frequency"] = "equal",
    ) -> None:
        super().__init__()
        if gamma < 0:
            raise ValueError(f"gamma: expected 0 or more, got {gamma}")
        if epsilon < -1:
            raise ValueError(f"epsilon: expected -1 or more, got {epsilon}")
        self.num_classes = num_classes
        self.gamma = gamma
        self.epsilon = epsilon
        weights = torch.ones(num_classes)
        if class_weights == "inverse_frequency":
            counts = torch.tensor(list(class_counts), dtype=torch.float32)
            present = counts > 0
            # The mean weight of a training image is 1; a class without images weighs nothing.
            weights = torch.where(present, counts.sum() / (present.sum() * counts.clamp(min=1)), 0.0)
        self.register_buffer("weights", weights)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of logits (B, K) and labels (B,) or soft targets (B, K)."""
        soft = one_hot(targets, self.num_classes).to(logits) if targets.dim() == 1 else targets
        logs = log_softmax(logits, dim=1)
        # A small number: the gradient of a root is infinite at 0.
        rest = (-torch.expm1(logs)).clamp(min=1e-6)
        each = rest**self.gamma * (self.epsilon * rest - logs)
        return (self.weights * soft * each).sum(dim=1).mean()
