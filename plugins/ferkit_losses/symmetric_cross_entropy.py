"""Symmetric cross entropy (Wang et al. 2019), for noisy labels."""

from __future__ import annotations

import math

from torch import Tensor, nn

from ferkit_losses.targets import as_soft, at_least_float32


class SymmetricCrossEntropyLoss(nn.Module):
    """α·−Σ_i t_i·log p_i + β·−Σ_i p_i·log t_i, the mean over the batch.

    For a wrong label, the second sum is at most −A. Its gradient is small if the network is sure of another
    class.

    Args:
        alpha: α, at least 0. The default is the paper's value for few classes.
        beta: β, at least 0. The default is the paper's value for few classes.
        log_zero: A, below 0: the lower limit of log t_i, which is −∞ for a target of 0.
    """

    def __init__(
        self, num_classes: int, alpha: float = 0.1, beta: float = 1.0, log_zero: float = -4.0
    ) -> None:
        super().__init__()
        for name, value in (("alpha", alpha), ("beta", beta)):
            if value < 0:
                raise ValueError(f"{name}: expected a number of at least 0, got {value}")
        if log_zero >= 0:
            raise ValueError(f"log_zero: expected a number below 0, got {log_zero}")
        self.num_classes = num_classes
        self.alpha = alpha
        self.beta = beta
        self.log_zero = log_zero

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        logs = at_least_float32(logits).log_softmax(dim=1)
        soft = as_soft(targets, logs)
        forward = -(soft * logs).sum(dim=1)
        reverse = -(logs.exp() * soft.clamp_min(math.exp(self.log_zero)).log()).sum(dim=1)
        return (self.alpha * forward + self.beta * reverse).mean()
