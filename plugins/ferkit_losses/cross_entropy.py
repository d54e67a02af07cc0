"""Cross entropy (the paper, equation 1)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from ferkit_losses.targets import ClassWeights, at_least_float32, weigh_classes


class CrossEntropyLoss(nn.Module):
    """torch's cross entropy, for labels or soft targets.

    The mean is torch's: weighted by class for labels, over the images for soft targets.

    Args:
        class_weights: "equal", or "inverse_frequency" for the same total weight of every class.
    """

    weights: Tensor | None

    def __init__(
        self,
        num_classes: int,
        class_counts: Sequence[float] | None = None,
        class_weights: ClassWeights = "equal",
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.register_buffer("weights", weigh_classes(class_weights, class_counts))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        exact = at_least_float32(logits)
        weights = None if self.weights is None else self.weights.to(exact)
        soft = targets if targets.dim() == 1 else targets.to(exact)
        return F.cross_entropy(exact, soft, weight=weights)
