"""Center loss (Wen et al. 2016), added to another loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ferkit.plugin import Loss
from ferkit_losses.cross_entropy import CrossEntropyLoss
from ferkit_losses.targets import at_least_float32


class CenterLoss(nn.Module):
    """base + weight·½·‖x − c_y‖², the mean over the batch: x the logits of an image, c_y its class centre.

    An image with soft targets belongs to its most probable class. The base loss gets the targets unchanged.
    Centres are updated in training batches only. They are buffers, saved with the loss.

    Args:
        weight: λ in equation 5, at least 0.
        rate: α in the update c_j ← c_j − α·Σ(c_j − x_i) / (1 + n_j), from 0 to 1, for the n_j images of
            class j in a batch. With 0 the centres stay at their initial value 0.
        base: The other loss. Default: cross entropy.
    """

    centers: Tensor

    def __init__(
        self,
        num_classes: int,
        class_counts: Sequence[float] | None = None,
        weight: float = 0.01,
        rate: float = 0.5,
        base: Loss | None = None,
    ) -> None:
        super().__init__()
        if weight < 0:
            raise ValueError(f"weight: expected a number of at least 0, got {weight}")
        if not 0 <= rate <= 1:
            raise ValueError(f"rate: expected a fraction from 0 to 1, got {rate}")
        self.weight = weight
        self.rate = rate
        self.base = base if base is not None else CrossEntropyLoss(num_classes, class_counts)
        self.register_buffer("centers", torch.zeros(num_classes, num_classes))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        exact = at_least_float32(logits)
        classes = targets if targets.dim() == 1 else targets.argmax(dim=1)
        away = exact - self.centers.to(exact)[classes]
        pull = away.square().sum(dim=1).mean() / 2
        if self.training and torch.is_grad_enabled() and logits.requires_grad:
            self._move_centers(away.detach(), classes)
        return self.base(logits, targets) + self.weight * pull

    @torch.no_grad()
    def _move_centers(self, away: Tensor, classes: Tensor) -> None:
        """Apply equation 4; `away` is x − c_y of each image, (B, K)."""
        members = F.one_hot(classes, len(self.centers)).to(away)
        steps = members.mT @ away / (1 + members.sum(dim=0))[:, None]
        self.centers += self.rate * steps.to(self.centers)
