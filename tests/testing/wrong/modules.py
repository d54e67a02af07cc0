"""Wrong in what holds for every nn.Module."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tests.testing.wrong.case import fails
from tests.testing.wrong.right import RightHead, RightOutput


@fails(
    "output",
    "is_a_module",
    "gradients_are_finite",
    "is_restored_from_its_state",
    "keeps_no_tensor_outside_its_state",
    "runs_on_a_gpu",
)
class NoModule:
    """Logits as they are."""

    def eval(self) -> NoModule:
        return self

    def __call__(self, logits: Tensor) -> Tensor:
        return logits


@fails("head", "answers_in_float32")
class InDoubles(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features).double()


@fails("head", "answers_are_finite", "gradients_are_finite", "looks_at_the_features")
class DividesByNothing(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        scale = torch.zeros(len(features), 1, device=features.device)
        return super().forward(features) + scale.log()


@fails("head", "gradients_are_finite")
class CutsTheGradient(RightHead):
    def embed(self, features: Tensor) -> Tensor:
        return features.detach().mean(dim=(2, 3))


@fails("head", "gradients_are_finite")
class HasAnIdleLayer(RightHead):
    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__(in_channels, num_classes, dropout)
        self.idle = nn.Linear(2, 2)


@fails("head", "gradients_are_finite")
class TakesTheRootOfNothing(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features) + (features - features).sum(dim=(1, 2, 3))[:, None].sqrt()


class _Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        return features.clone()

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> Tensor:
        return slopes if slopes.dtype == torch.float64 else 8 * slopes


@fails("head", "trains_as_in_float64")
class ScalesTheGradient(RightHead):
    """As against underflow, and never back. dropout: before the linear layer."""

    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__(in_channels, num_classes, dropout)
        self.convolve = nn.Conv2d(in_channels, in_channels, 1)

    def embed(self, features: Tensor) -> Tensor:
        scaled: Tensor = _Scale.apply(self.convolve(features))  # type: ignore[no-untyped-call]
        return super().embed(scaled)


@fails("head", "takes_a_batch_of_one", "sees_each_image_alone", "takes_an_empty_batch")
class Squeezes(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        logits = super().forward(features)
        return logits.squeeze() if len(features) else logits.new_zeros(1, logits.shape[1])


@fails("output", "takes_an_empty_batch")
class InventsARow(RightOutput):
    def forward(self, logits: Tensor) -> Tensor:
        return super().forward(logits) if len(logits) else logits.new_zeros(1, len(self.labels))


@fails("head", "sees_each_image_alone")
class LooksAtItsNeighbours(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features - features.mean(dim=0) / 2)


@fails("head", "gives_the_same_answer_twice", "sees_each_image_alone", "is_restored_from_its_state")
class AlwaysDropsOut(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        return super().forward(torch.dropout(features, 0.5, train=True))


@fails("head", "leaves_its_input_alone", "gradients_are_finite")
class ChangesItsInput(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features.mul_(2))


@fails("head", "is_restored_from_its_state")
class KeepsANumberToItself(RightHead):
    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> Any:
        return super().load_state_dict({}, strict=False)


@fails("head", "keeps_no_tensor_outside_its_state", "runs_on_a_gpu")
class KeepsALooseTensor(RightHead):
    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__(in_channels, num_classes, dropout)
        self.shift = torch.ones(num_classes)

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features) + self.shift


@fails("head", "keeps_no_tensor_outside_its_state", "runs_on_a_gpu")
class KeepsLooseTensorsInAList(RightHead):
    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__(in_channels, num_classes, dropout)
        self.shifts = [torch.ones(num_classes)]

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features) + self.shifts[0]


@fails("head", "can_be_tried_on_nothing")
class CountsItsRows(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        logits = super().forward(features)
        return logits[:1] if logits.is_meta else logits


@fails("head", "runs_on_a_gpu")
class MakesTensorsOnTheCPU(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features) + torch.ones(1, 1, device="cpu").expand(len(features), 1)
