"""PolyLoss (Leng et al. 2022)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import log_softmax, one_hot


class Poly1Loss(nn.Module):
    """Cross entropy + ε·(1 − p), p being the true class's probability.

    epsilon: ε.
    """

    def __init__(self, num_classes: int, epsilon: float = 1.0) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.epsilon = epsilon

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        soft = one_hot(targets, self.num_classes).to(logits) if targets.dim() == 1 else targets
        logs = log_softmax(logits, dim=1)
        entropy = -(soft * logs).sum(dim=1)
        return (entropy + self.epsilon * (1 - (soft * logs.exp()).sum(dim=1))).mean()
