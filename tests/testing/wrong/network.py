"""Wrong backbones, heads and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from tests.testing.wrong.case import fails
from tests.testing.wrong.right import RightBackbone, RightHead, RightOutput, RightStagesHead


@fails("backbone", "tells_its_stages")
class DefaultsToNoStage(RightBackbone):
    default_stage = "latest"


@fails("backbone", "states_mean_and_std_of_its_images")
class StatesPixelsUpTo255(RightBackbone):
    mean, std = (127.5, 127.5, 127.5), (128.0, 128.0, 128.0)


@fails("backbone", "states_mean_and_std_of_its_images")
class StatesNoStd(RightBackbone):
    mean = (0.5, 0.5, 0.5)


@fails("backbone", "gives_a_map_of_each_stage")
class TellsOtherChannels(RightBackbone):
    def __init__(self, freeze: str = "none") -> None:
        super().__init__(freeze)
        self.stages = {"early": 4, "late": 8}


@fails("backbone", "gives_a_map_of_each_stage")
class KeepsAStageBack(RightBackbone):
    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return {**super().forward(images), "deepest": images}


@fails("backbone", "stages_go_from_shallow_to_deep")
class TellsStagesBackwards(RightBackbone):
    def __init__(self, freeze: str = "none") -> None:
        super().__init__(freeze)
        self.stages = {"late": 6, "early": 4}


@fails("backbone", "frozen_parts_stay_as_they_are")
class MovesItsStatistics(RightBackbone):
    def train(self, mode: bool = True) -> RightBackbone:
        nn.Module.train(self, mode)
        return self


@fails("backbone", "frozen_parts_stay_as_they_are")
class TrainsWhatIsFrozen(RightBackbone):
    def __init__(self, freeze: str = "none") -> None:
        super().__init__(freeze)
        self.requires_grad_()


@fails("head", "gives_auxiliary_losses_or_logits")
class AddsALossForEachImage(RightHead):
    def forward(self, features: Tensor) -> Tensor | tuple[Tensor, dict[str, Tensor]]:  # type: ignore[override]
        logits = super().forward(features)
        return (logits, {"size": logits.square().sum(dim=1)}) if self.training else logits


@fails("head", "gives_auxiliary_losses_or_logits")
class WeighsWithAWord(RightHead):
    auxiliary_weight = "half"

    def forward(self, features: Tensor) -> Tensor | tuple[Tensor, dict[str, Tensor]]:  # type: ignore[override]
        logits = super().forward(features)
        return (logits, {"again": 2 * logits}) if self.training else logits


@fails("head", "gives_a_logit_for_each_class")
class AddsALossInEvalMode(RightHead):
    def forward(self, features: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # type: ignore[override]
        logits = super().forward(features)
        return logits, {"size": logits.square().mean()}


@fails("head", "says_which_channels_it_wants", "wants_stages_that_are_offered")
class WantsAList(RightHead):
    def __init__(self, in_channels: Mapping[str, float], num_classes: int, dropout: float = 0.5) -> None:
        super().__init__(int(in_channels["deep"]), num_classes, dropout)


@fails("head", "wants_stages_that_are_offered")
class WantsWhatIsNotThere(RightStagesHead):
    def __init__(
        self, in_channels: Mapping[str, int], num_classes: int, stage: str = "deep", dropout: float = 0.5
    ) -> None:
        super().__init__(in_channels, num_classes, stage, dropout)
        self.stages = ()

    def embed(self, features: Mapping[str, Tensor] | Tensor) -> Tensor:
        return features.mean(dim=(2, 3))  # type: ignore[union-attr]


@fails("head", "wants_stages_that_are_offered", "embeds_in_rows")
class WantsStagesUnasked(RightHead):
    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__(in_channels, num_classes, dropout)
        self.stages = ("deep",)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:  # type: ignore[override]
        return super().forward(features["deep"])


@fails("head", "gives_a_logit_for_each_class")
class AlwaysHasFourClasses(RightHead):
    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.5) -> None:
        super().__init__(in_channels, 4, dropout)


@fails("head", "gives_a_logit_for_each_class")
class SqueezesLogits(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features).flatten()


@fails("head", "gives_logits_and_no_probabilities")
class AppliesSoftmax(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features).softmax(dim=1)


@fails("head", "looks_at_the_features")
class LooksAway(RightHead):
    def embed(self, features: Tensor) -> Tensor:
        return 0 * features.mean(dim=(2, 3))


@fails("head", "embeds_in_rows")
class EmbedsInMaps(RightHead):
    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.classify(features.mean(dim=(2, 3)))
        return logits

    def embed(self, features: Tensor) -> Tensor:
        return features


@fails("output", "keeps_the_shape_of_logits")
class AddsAColumn(RightOutput):
    def forward(self, logits: Tensor) -> Tensor:
        return torch.cat([super().forward(logits), logits[:, :1] - 9], dim=1)


@fails("output", "keeps_the_order_of_labels")
class TurnsColumnsAround(RightOutput):
    def forward(self, logits: Tensor) -> Tensor:
        return super().forward(logits).flip(1)


@fails("output", "knows_labels_by_name")
class KnowsNeutralByPlace(RightOutput):
    def __init__(self, labels: Sequence[str], scale: float = 0.9) -> None:
        super().__init__(["neutral" if place == 2 else "" for place in range(len(labels))], scale)
