"""Focal loss (Lin et al. 2017, equation 4), for several classes and soft targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from ferkit_losses.targets import ClassWeights, as_soft, at_least_float32, weigh_classes

Modulate = Literal["each", "true_class"]


def focal_terms(logs: Tensor, soft: Tensor, gamma: float, modulate: Modulate) -> Tensor:
    """Return −t_i·(1−p_i)^γ·log p_i of each class, for log p and soft targets of shape (B, K)."""
    # At 0, a power below 1 has an infinite gradient.
    rest = (1 - logs.exp()).clamp_min(1e-12)
    if modulate == "true_class":
        rest = rest.gather(1, soft.argmax(dim=1, keepdim=True))
    return -soft * rest**gamma * logs


def check_gamma(gamma: float) -> None:
    if gamma < 0:
        raise ValueError(f"gamma: expected a number of at least 0, got {gamma}")


class FocalLoss(nn.Module):
    """−Σ_i w_i·t_i·(1−p_i)^γ·log p_i, the mean over the batch: easy images have a lower weight.

    Lin et al. 2017, equation 4. The mean is torch's: weighted by class for labels, over the images for soft
    targets.

    Args:
        gamma: γ, at least 0. 0 is cross entropy.
        modulate: Factor (1−p)^γ: "each" class has its own, or "true_class" uses that of the most probable
            target for all classes of an image.
        class_weights: "equal", or "inverse_frequency" for the same total weight of every class.
    """

    weights: Tensor | None

    def __init__(
        self,
        num_classes: int,
        class_counts: Sequence[float] | None = None,
        gamma: float = 2.0,
        modulate: Modulate = "each",
        class_weights: ClassWeights = "equal",
    ) -> None:
        super().__init__()
        check_gamma(gamma)
        self.num_classes = num_classes
        self.gamma = gamma
        self.modulate: Modulate = modulate
        self.register_buffer("weights", weigh_classes(class_weights, class_counts))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        logs = at_least_float32(logits).log_softmax(dim=1)
        terms = focal_terms(logs, as_soft(targets, logs), self.gamma, self.modulate)
        if self.weights is None:
            return terms.sum(dim=1).mean()
        weights = self.weights.to(logs)
        total = weights[targets].sum() if targets.dim() == 1 else len(targets)
        return (terms * weights).sum() / total
