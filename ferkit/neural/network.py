"""The network: backbone, head and output."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from ferkit.errors import ComponentError
from ferkit.neural.options import Known
from ferkit.neural.preprocessing import FALLBACK

CHUNK = 2 * 350 * 350
"""Maximum number of pixels that a frozen backbone processes at once on a CPU.

Its feature maps dominate the memory of a training. On two cores, larger chunks are not faster.
"""


class Network(nn.Module):
    """Images to logits, in two steps: the feature maps of a frozen backbone can be stored.

    Attributes:
        normalize: Normalisation of the images.
    """

    def __init__(self, backbone: nn.Module, head: nn.Module, output: nn.Module, default_stage: str) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.output = output
        self.stages: tuple[str, ...] | None = getattr(head, "stages", None)
        self.default_stage = default_stage
        self.normalize: Known = FALLBACK
        self.keeps_embeddings = False
        self._embeddings: Tensor | None = None

    def take_embeddings(self) -> Tensor:
        """Return the (B, D) embeddings of the last call, for `keeps_embeddings`. Raises ComponentError."""
        # Kept once: a graph cannot be copied with the network.
        found, self._embeddings = self._embeddings, None
        if found is None:
            raise ComponentError(
                f"the head {type(self.head).__name__} gives no embeddings: its forward must call embed."
            )
        return found

    def keep_embeddings(self, embeddings: Tensor) -> None:
        """Set the result of `take_embeddings`."""
        self._embeddings = embeddings

    @property
    def auxiliary_weight(self) -> float:
        """Weight of the cross entropy of the head's auxiliary logits."""
        return float(getattr(self.head, "auxiliary_weight", 1.0))

    def features(self, images: Tensor) -> dict[str, Tensor]:
        """Return the feature maps that the head needs, by stage, for (B, 3, H, W) images."""
        # An exported graph must not depend on the number of images.
        if torch.compiler.is_compiling() or images.device.type != "cpu" or not self._judges_each_alone():
            return self._features(images)
        at_once = max(1, CHUNK // (images.shape[2] * images.shape[3]))
        if len(images) <= at_once:
            return self._features(images)
        parts = [self._features(part) for part in torch.split(images, at_once)]
        return {stage: torch.cat([part[stage] for part in parts]) for stage in parts[0]}

    def _judges_each_alone(self) -> bool:
        """Return True if the maps of an image do not depend on other images or random numbers."""
        depends = (_BatchNorm, _DropoutNd)
        return self.is_backbone_frozen and not any(
            module.training for module in self.backbone.modules() if isinstance(module, depends)
        )

    def _features(self, images: Tensor) -> dict[str, Tensor]:
        maps: Mapping[str, Tensor] = self.backbone(images)
        return {stage: maps[stage] for stage in self.stages or (self.default_stage,)}

    def classify(self, features: Mapping[str, Tensor]) -> Tensor | tuple[Tensor, Mapping[str, Tensor]]:
        """Return (B, K) logits for the result of `features`, and auxiliary values if the head gives them."""
        given = features if self.stages else features[self.default_stage]
        answer = self._call_and_keep(given) if self.keeps_embeddings else self.head(given)
        if not isinstance(answer, tuple):
            mixed: Tensor = self.output(answer)
            return mixed
        logits, auxiliary = answer
        return self.output(logits), auxiliary

    def _call_and_keep(self, given: Any) -> Any:
        """Call the head, and keep what its `embed` returned: a second call would draw other dropout."""
        embed = self._embedder()

        def kept(features: Any) -> Tensor:
            self._embeddings = embed(features)
            return self._embeddings

        vars(self.head)["embed"] = kept
        try:
            return self.head(given)
        finally:
            del vars(self.head)["embed"]

    def _embedder(self) -> Callable[[Any], Tensor]:
        embed: Callable[[Any], Tensor] | None = getattr(self.head, "embed", None)
        if embed is None:
            raise ComponentError(
                f"the head {type(self.head).__name__} cannot compute embeddings: it has no method embed. Use "
                "another head, such as linear."
            )
        return embed

    def embed(self, images: Tensor) -> Tensor:
        """Return the (B, D) input of the head's last layer for (B, 3, H, W) images. Raises ComponentError."""
        embed, features = self._embedder(), self.features(images)
        return embed(features if self.stages else features[self.default_stage])

    def forward(
        self, images: Tensor | None = None, features: Mapping[str, Tensor] | None = None
    ) -> Tensor | tuple[Tensor, Mapping[str, Tensor]]:
        """Return (B, K) logits for (B, 3, H, W) images, or for stored feature maps.

        In training mode, a tuple of logits and auxiliary values if the head gives them.
        """
        return self.classify(self.features(images) if images is not None else features or {})

    @property
    def is_backbone_frozen(self) -> bool:
        """True if no parameter of the backbone is trained."""
        return not any(parameter.requires_grad for parameter in self.backbone.parameters())


def assemble_network(
    backbone: Any, head_class: type, build_head: Callable[..., Any], output: nn.Module
) -> Network:
    """Build the head with the channels of the default stage, or of all stages by name.

    Args:
        backbone: A `Backbone`.
        head_class: Class of the head. The annotation of `in_channels` selects the channels.
        build_head: Builds the head from `in_channels`.
        output: The output.

    Raises:
        ComponentError: The backbone does not have the stages that the head needs.
    """
    _check_backbone(backbone)
    wanted = inspect.signature(head_class, eval_str=True).parameters["in_channels"].annotation
    stages = dict(backbone.stages)
    head = build_head(in_channels=stages[backbone.default_stage] if wanted is int else stages)
    missing = [stage for stage in getattr(head, "stages", None) or () if stage not in stages]
    if missing:
        raise ComponentError(f"the head needs stage {missing[0]!r}, but the backbone has {', '.join(stages)}")
    return Network(backbone, head, output, backbone.default_stage)


def _check_backbone(backbone: object) -> None:
    if not isinstance(backbone, nn.Module) or not all(
        hasattr(backbone, name) for name in ("stages", "default_stage")
    ):
        raise ComponentError(
            f"backbone {type(backbone).__name__}: expected an nn.Module with stages and default_stage. The "
            "author of the plugin must fix it."
        )
