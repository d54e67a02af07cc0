"""Backbone -> head -> output, and how they are wired."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from ferkit.errors import ComponentError

SHARE = 4 * 350 * 350
"""Pixels that a frozen backbone is given at once on a CPU: its maps are the most of what a training needs in
memory, and to take more images at once makes it no quicker."""


class Network(nn.Module):
    """Images to logits. Split in two, so that what a frozen backbone gives can be kept."""

    def __init__(self, backbone: nn.Module, head: nn.Module, output: nn.Module, default_stage: str) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.output = output
        self.stages: tuple[str, ...] | None = getattr(head, "stages", None)
        self.default_stage = default_stage

    def features(self, images: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W) -> the maps that the head asked for, by stage."""
        # A graph that is exported must not depend on how many images there are.
        if torch.compiler.is_compiling() or images.device.type != "cpu" or not self._judges_each_alone():
            return self._features(images)
        at_once = max(1, SHARE // (images.shape[2] * images.shape[3]))
        if len(images) <= at_once:
            return self._features(images)
        parts = [self._features(part) for part in torch.split(images, at_once)]
        return {stage: torch.cat([part[stage] for part in parts]) for stage in parts[0]}

    def _judges_each_alone(self) -> bool:
        """Whether what the backbone gives for an image depends on no other and on no chance."""
        depends = (_BatchNorm, _DropoutNd)
        return self.is_backbone_frozen and not any(
            module.training for module in self.backbone.modules() if isinstance(module, depends)
        )

    def _features(self, images: Tensor) -> dict[str, Tensor]:
        maps: Mapping[str, Tensor] = self.backbone(images)
        return {stage: maps[stage] for stage in self.stages or (self.default_stage,)}

    def classify(self, features: Mapping[str, Tensor]) -> Tensor:
        """What `features` gave -> logits (B, K)."""
        logits: Tensor = self.head(features if self.stages else features[self.default_stage])
        mixed: Tensor = self.output(logits)
        return mixed

    def embed(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, D), what the head's last layer classifies. Raises ComponentError."""
        embed: Callable[[Any], Tensor] | None = getattr(self.head, "embed", None)
        if embed is None:
            raise ComponentError(
                f"the head {type(self.head).__name__} does not tell what its last layer is given: it has no "
                "method embed. Take another head (linear has one)."
            )
        features = self.features(images)
        return embed(features if self.stages else features[self.default_stage])

    def forward(self, images: Tensor | None = None, features: Mapping[str, Tensor] | None = None) -> Tensor:
        """Images (B, 3, H, W), or the features kept of them -> logits (B, K)."""
        return self.classify(self.features(images) if images is not None else features or {})

    @property
    def is_backbone_frozen(self) -> bool:
        return not any(parameter.requires_grad for parameter in self.backbone.parameters())


def assemble_network(
    backbone: Any, head_class: type, build_head: Callable[..., Any], output: nn.Module
) -> Network:
    """Give the head the channels it asks for: those of the default stage, or of all of them by name.

    backbone: satisfies `Backbone`; build_head: called with `in_channels`. Raises ComponentError where
    the head wants a stage that the backbone does not offer, or the backbone offers none.
    """
    _check_backbone(backbone)
    wanted = inspect.signature(head_class, eval_str=True).parameters["in_channels"].annotation
    stages = dict(backbone.stages)
    head = build_head(in_channels=stages[backbone.default_stage] if wanted is int else stages)
    missing = [stage for stage in getattr(head, "stages", None) or () if stage not in stages]
    if missing:
        raise ComponentError(
            f"the head asks for stage {missing[0]!r}; the backbone offers {', '.join(stages)}"
        )
    return Network(backbone, head, output, backbone.default_stage)


def _check_backbone(backbone: object) -> None:
    if not isinstance(backbone, nn.Module) or not all(
        hasattr(backbone, name) for name in ("stages", "default_stage")
    ):
        raise ComponentError(
            f"backbone {type(backbone).__name__}: expected an nn.Module with stages and default_stage. Its "
            "plugin's author must mend it."
        )
