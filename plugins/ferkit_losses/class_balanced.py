"""Class-balanced loss (Cui et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ferkit_losses.focal import Modulate, check_gamma, focal_terms
from ferkit_losses.targets import as_soft, at_least_float32, check_counts


class ClassBalancedLoss(nn.Module):
    """Cross entropy or focal loss with class weights from the effective number of images (Cui et al. 2019).

    The loss is Σ_i w_i·t_i·(1−p_i)^γ·−log p_i with w_i ∝ (1−β)/(1−β^{n_i}), n_i the training images of class
    i. The weights sum to the number of classes. The mean is over the images, as in the authors' code.

    Args:
        beta: β, from 0 (equal weights) to below 1 (towards inverse frequency). The paper tries 0.9 to 0.9999.
        gamma: γ, at least 0. 0 is cross entropy, higher values are focal loss.
        modulate: Factor (1−p)^γ, as in focal loss: of "each" class, or of the "true_class".
    """

    weights: Tensor

    def __init__(
        self,
        num_classes: int,
        class_counts: Sequence[float] | None = None,
        beta: float = 0.999,
        gamma: float = 0.0,
        modulate: Modulate = "each",
    ) -> None:
        super().__init__()
        if not 0 <= beta < 1:
            raise ValueError(f"beta: expected a number from 0 up to 1, got {beta}")
        check_gamma(gamma)
        self.gamma = gamma
        self.modulate: Modulate = modulate
        counts = check_counts("class_balanced", class_counts)
        # Computed in float64: near 1, β needs more digits than float32 has.
        shares = torch.tensor([(1 - beta) / (1 - beta**count) for count in counts])
        self.register_buffer("weights", shares * num_classes / shares.sum())

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        logs = at_least_float32(logits).log_softmax(dim=1)
        terms = focal_terms(logs, as_soft(targets, logs), self.gamma, self.modulate)
        return (terms * self.weights.to(logs)).sum(dim=1).mean()
