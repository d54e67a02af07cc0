"""Wrong losses."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from tests.testing.wrong.case import fails
from tests.testing.wrong.right import RightLoss


@fails("loss", "gives_one_number")
class KeepsEachImage(RightLoss):
    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return cross_entropy(logits, self.soften(targets), reduction="none")


@fails("loss", "is_the_mean_of_the_batch")
class Sums(RightLoss):
    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return super().forward(logits, targets) * len(logits)


@fails("loss", "takes_soft_targets_as_hard_ones")
class HalvesSoftTargets(RightLoss):
    def soften(self, targets: Tensor) -> Tensor:
        return super().soften(targets) / (1 if targets.dim() == 1 else 2)


@fails("loss", "takes_mixed_targets")
class TakesTheRootOfZero(RightLoss):
    def soften(self, targets: Tensor) -> Tensor:
        soft = super().soften(targets)
        is_mixed = (soft > 0).sum() > len(soft)
        return soft / (soft - soft) if is_mixed else soft


@fails("loss", "survives_what_is_sure_and_wrong")
class TakesTheLogarithmOfSoftmax(RightLoss):
    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return -(self.soften(targets) * logits.softmax(dim=1).log()).sum(dim=1).mean()


@fails("loss", "costs_least_where_the_label_is_right")
class HasTheWrongSign(RightLoss):
    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        return -super().forward(logits, targets)


@fails("loss", "survives_a_class_without_images")
class DividesByCounts(RightLoss):
    def __init__(self, num_classes: int, class_counts: Sequence[int], weight: float = 1.0) -> None:
        super().__init__(num_classes, class_counts, weight)
        self.register_buffer("weights", torch.tensor(list(class_counts)).float().reciprocal())

    def soften(self, targets: Tensor) -> Tensor:
        return super().soften(targets) * self.weights / self.weights.sum()
