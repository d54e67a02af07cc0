"""Center loss (Wen et al. 2016), added to another loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ferkit.plugin import ComponentError, Loss
from ferkit_losses.cross_entropy import CrossEntropyLoss
from ferkit_losses.targets import at_least_float32


class CenterLoss(nn.Module):
    """base + weight·½·‖x − c_y‖², the mean over the batch: x of an image, c_y the centre of its class.

    An image with soft targets belongs to its most probable class. The base loss gets the targets unchanged.
    Centres are updated in training batches only. They are buffers, saved with the loss.

    Args:
        weight: λ in equation 5, at least 0.
        rate: α in the update c_j ← c_j − α·Σ(c_j − x_i) / (1 + n_j), from 0 to 1, for the n_j images of
            class j in a batch. With 0 the centres stay at their initial value 0.
        base: The other loss. Default: cross entropy.
        source: x: "logits", or "embeddings", the features before the last layer, as in the paper. They need
            a head with the method `embed`, and no other loss around this one.
    """

    centers: Tensor | None

    def __init__(
        self,
        num_classes: int,
        class_counts: Sequence[float] | None = None,
        weight: float = 0.01,
        rate: float = 0.5,
        base: Loss | None = None,
        source: Literal["logits", "embeddings"] = "logits",
    ) -> None:
        super().__init__()
        if weight < 0:
            raise ValueError(f"weight: expected a number of at least 0, got {weight}")
        if not 0 <= rate <= 1:
            raise ValueError(f"rate: expected a fraction from 0 to 1, got {rate}")
        self.weight = weight
        self.rate = rate
        self.base = base if base is not None else CrossEntropyLoss(num_classes, class_counts)
        self.num_classes = num_classes
        self.needs_embeddings = source == "embeddings"
        # The size of embeddings is known at the first batch.
        sized = None if self.needs_embeddings else torch.zeros(num_classes, num_classes)
        self.register_buffer("centers", sized)

    def forward(self, logits: Tensor, targets: Tensor, embeddings: Tensor | None = None) -> Tensor:
        """Return the mean loss. Raises ComponentError if an outer loss does not pass the embeddings."""
        points = embeddings if self.needs_embeddings else logits
        if points is None:
            raise ComponentError(
                "loss 'center': it gets no embeddings as the base of another loss. Use it as the outer loss "
                'or set source = "logits".'
            )
        exact = at_least_float32(points)
        centers = self.centers
        if centers is None:
            centers = torch.zeros(self.num_classes, exact.shape[1], device=exact.device)
            self.centers = centers if self.training and torch.is_grad_enabled() else None
        elif centers.device != exact.device:  # after a state was loaded
            self.centers = centers = centers.to(exact.device)
        classes = targets if targets.dim() == 1 else targets.argmax(dim=1)
        away = exact - centers.to(exact)[classes]
        pull = away.square().sum(dim=1).mean() / 2
        if self.training and torch.is_grad_enabled() and points.requires_grad:
            self._move_centers(centers, away.detach(), classes)
        return self.base(logits, targets) + self.weight * pull

    @torch.no_grad()
    def _move_centers(self, centers: Tensor, away: Tensor, classes: Tensor) -> None:
        """Apply equation 4; `away` is x − c_y of each image, (B, K)."""
        members = F.one_hot(classes, len(centers)).to(away)
        steps = members.mT @ away / (1 + members.sum(dim=0))[:, None]
        centers += self.rate * steps.to(centers)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        stored = state_dict.get(f"{prefix}centers")
        if self.needs_embeddings and stored is not None:
            self.centers = torch.zeros_like(stored)
        super()._load_from_state_dict(state_dict, prefix, *others)
