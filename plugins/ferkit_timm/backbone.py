"""timm's models as feature extractors."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import timm
import torch
from torch import Tensor, nn

from ferkit.plugin import WeightsError, suggest


class TimmBackbone(nn.Module):
    """A timm model's feature maps, stage by stage.

    model: a name that timm knows, e.g. "resnet18"; pretrained: with timm's own weights, which it downloads,
    or with random numbers; freeze: "none", "all", or a stage up to which, it included, nothing is trained
    and batch norm keeps its statistics.

    Stages are "stage1", "stage2" and so on, from shallow to deep, with timm's own reductions.
    """

    def __init__(self, model: str = "resnet18", pretrained: bool = True, freeze: str = "none") -> None:
        super().__init__()
        self.network = create_network(model, pretrained)
        channels = self.network.feature_info.channels()
        self.stages = {f"stage{number}": width for number, width in enumerate(channels, start=1)}
        self.default_stage = list(self.stages)[-1]
        if freeze not in ("none", "all", *self.stages):
            raise ValueError(
                f"freeze: no stage is called {freeze!r}. {suggest(freeze, ['none', 'all', *self.stages])}"
            )
        self.is_frozen = freeze in ("all", self.default_stage)
        self.frozen = [] if freeze == "none" else self._modules_up_to(freeze)
        for module in self.frozen:
            module.requires_grad_(False)
        self.train()

    def train(self, mode: bool = True) -> TimmBackbone:
        """What is frozen stays in eval mode."""
        super().train(mode)
        for module in self.frozen:
            module.eval()
        return self

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W) -> every stage's map."""
        with torch.no_grad() if self.is_frozen else nullcontext():
            return dict(zip(self.stages, self.network(images), strict=True))

    def _modules_up_to(self, stage: str) -> list[nn.Module]:
        """The network's parts up to the one that gives the stage; all of it for the last stage and "all"."""
        if self.is_frozen:
            return [self.network]
        last = self.network.feature_info.module_name()[list(self.stages).index(stage)].replace(".", "_")
        modules = []
        for name, module in self.network.named_children():
            modules.append(module)
            if name == last:
                return modules
        raise ValueError(
            f'freeze: {stage!r} can\'t be cut off from the rest of this model; use "all" or "none"'
        )


def create_network(model: str, pretrained: bool) -> Any:
    """timm's feature extractor. Raises ValueError for an unknown model, WeightsError where a download fails."""
    known = timm.list_models()
    if model.partition(".")[0] not in known:
        hint = suggest(model, known).partition(" There is:")[0]
        closest = hint if hint.startswith("Did") else "timm.list_models() lists them all."
        raise ValueError(f"model: timm has no model {model!r}. {closest}")
    try:
        return timm.create_model(model, pretrained=pretrained, features_only=True)
    except (OSError, RuntimeError, ValueError) as error:
        if not pretrained:
            raise ValueError(f"model: timm can't give {model!r} as a feature extractor: {error}") from error
        settings = timm.get_pretrained_cfg(model)
        source = getattr(settings, "hf_hub_id", None) or getattr(settings, "url", None) or "timm's own source"
        raise WeightsError(
            f"timm's weights for {model!r} can't be loaded from {source}: {type(error).__name__}. Fetch them "
            "where there is a network (HF_HOME says where they are kept), or set pretrained = false"
        ) from error
