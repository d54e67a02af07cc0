"""Class-balanced loss (Cui et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ferkit_losses.focal import Modulate, check_gamma, focal_terms
from ferkit_losses.targets import as_soft, at_least_float32, check_counts


class ClassBalancedLoss(nn.Module):
    """Σ_i w_i·t_i·(1−p_i)^γ·−log p_i, the mean over the images, with w_i by its class's effective number.

    w_i ∝ (1−β)/(1−β^{n_i}) over the n_i training images of the class, scaled to add up to the number of
    classes. beta: β, from 0, where all classes are equal, towards 1, which is the inverse frequency; the
    paper tries 0.9 to 0.9999. gamma: 0 is cross entropy, more is focal loss, with `modulate` as focal loss
    has it. The mean is over the images, not over their weights, as in the authors' code.
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
        # In Python's numbers: near 1, β has more digits than float32.
        shares = torch.tensor([(1 - beta) / (1 - beta**count) for count in counts])
        self.register_buffer("weights", shares * num_classes / shares.sum())

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        logs = at_least_float32(logits).log_softmax(dim=1)
        terms = focal_terms(logs, as_soft(targets, logs), self.gamma, self.modulate)
        return (terms * self.weights.to(logs)).sum(dim=1).mean()
