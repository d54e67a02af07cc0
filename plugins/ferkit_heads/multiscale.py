"""Feature maps in four scales, pooled, concatenated and classified (the paper, section 2.1 and Figure 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from ferkit.plugin import ComponentError, crop_kernels, suggest
from ferkit_heads.multiscale_chains import Chain, make_chain, map_sizes

Combine = Literal["gap", "max", "flatten"]
Source = Literal["chain", "taps"]


class MultiscaleHead(nn.Module):
    """A linear layer on four feature maps: one of the backbone and three smaller ones made from it.

    Source: Xiang, "Multiscale Very Deep Convolutional Network for Facial Expression in the Wild",
    section 2.1.

    Args:
        chain: Layers that shrink the maps. The sides for 350-pixel images are 9→5→3→1 for "ssd" (the
            extra layers of SSD, Liu et al. 2016), 9→5→3→2 for "stride", 9→7→5→3 for "unpadded" and
            9→4→2→1 for "pool". Maps smaller than a kernel are padded: 4→2→1→1 at 192 pixels.
        widths: Channels of the three smaller maps, each at least 1.
        combine: Pooling of each map: "gap" averages, "max" takes the maximum, "flatten" keeps every value.
        source: "chain" makes smaller maps from `stage`. "taps" uses the backbone's maps in `taps`.
        stage: The backbone's map that the chain starts with.
        taps: Stages of the backbone for source = "taps".
        map_size: Side of the backbone's map for combine = "flatten": 9 at 350 pixels.
        dropout: Fraction of the features that training drops before the linear layer, from 0 to below 1.
        deep_supervision: Weight, at least 0, of an auxiliary loss in training: the cross entropy of a linear
            classifier on each map (Lee et al. 2015, "Deeply-Supervised Nets"). 0 adds no classifiers.
    """

    def __init__(
        self,
        in_channels: Mapping[str, int],
        num_classes: int,
        chain: Chain = "ssd",
        widths: tuple[int, int, int] = (512, 256, 256),
        combine: Combine = "gap",
        source: Source = "chain",
        stage: str = "block8",
        taps: tuple[str, ...] = ("repeat_1", "repeat_2", "block8"),
        map_size: int | None = None,
        dropout: float = 0.5,
        deep_supervision: float = 0.0,
    ) -> None:
        super().__init__()
        self.stages = tuple(taps) if source == "taps" else (stage,)
        _check_stages(self.stages, source, in_channels)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout: expected a fraction from 0 up to 1, got {dropout}")
        if deep_supervision < 0:
            raise ValueError(f"deep_supervision: expected a number of at least 0, got {deep_supervision}")
        if min(widths) < 1:
            raise ValueError(f"widths: expected at least 1 channel for each map, got {list(widths)}")
        self.combine = combine
        self.map_size = map_size
        channels = [in_channels[name] for name in self.stages]
        self.layers = nn.ModuleList()
        if source == "chain":
            self.layers = make_chain(chain, channels[0], widths)
            channels += widths
        if combine == "flatten":
            channels = _flattened(channels, source, chain, map_size)
        self.widths = channels
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(sum(channels), num_classes)
        self.auxiliary_weight = deep_supervision
        supervised = channels if deep_supervision else []
        self.classify_scales = nn.ModuleList(nn.Linear(one, num_classes) for one in supervised)
        crop_kernels(self)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor | tuple[Tensor, dict[str, Tensor]]:
        """Map feature maps (B, C, h, w) to logits (B, num_classes).

        With deep supervision, training mode adds the logits of each scale, "scale_1" for the first map.

        Raises:
            ComponentError: combine = "flatten" and the maps do not have the side `map_size`.
        """
        pooled = self.embed(features)
        logits: Tensor = self.classify(self.dropout(pooled))
        if not self.training or not self.classify_scales:
            return logits
        scales = torch.split(pooled, self.widths, dim=1)
        pairs = zip(self.classify_scales, scales, strict=True)
        return logits, {f"scale_{n}": layer(one) for n, (layer, one) in enumerate(pairs, start=1)}

    def embed(self, features: Mapping[str, Tensor]) -> Tensor:
        """Return the pooled maps of all scales, concatenated, (B, D). Raises what `forward` raises."""
        maps = [features[stage] for stage in self.stages]
        height, width = maps[0].shape[2:]
        if self.combine == "flatten" and (height, width) != (self.map_size, self.map_size):
            raise ComponentError(
                f"head 'multiscale': map_size = {self.map_size}, but {self.stages[0]} gives maps of {height} "
                f'by {width} for images of this size. Set map_size = {height} or combine = "gap".'
            )
        for layer in self.layers:
            maps.append(layer(maps[-1]))
        return torch.cat([self._pool(one) for one in maps], dim=1)

    def _pool(self, one: Tensor) -> Tensor:
        if self.combine == "flatten":
            return one.flatten(1)
        return one.amax(dim=(2, 3)) if self.combine == "max" else one.mean(dim=(2, 3))


def _check_stages(stages: tuple[str, ...], source: Source, in_channels: Mapping[str, int]) -> None:
    option = "taps" if source == "taps" else "stage"
    if not stages:
        raise ValueError("taps: expected at least one stage of the backbone, got none")
    for name in stages:
        if name not in in_channels:
            raise ValueError(f"{option}: the backbone has no stage {name!r}. {suggest(name, in_channels)}")


def _flattened(channels: list[int], source: Source, chain: Chain, map_size: int | None) -> list[int]:
    """Return the number of values of each map."""
    if source == "taps":
        raise ValueError('combine: "flatten" needs source = "chain". Set "gap" or "max".')
    if map_size is None or map_size < 1:
        raise ValueError(
            'map_size: combine = "flatten" needs the side of the first map, such as 9 at 350 pixels, '
            f"got {map_size}"
        )
    sides = map_sizes(chain, map_size)
    return [width * side**2 for width, side in zip(channels, sides, strict=True)]
